import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  BadDataError,
  ConflictError,
  LeaseError,
  NoSessionError,
  UnreachableError,
} from '../../src/base/errors.ts'
import { Cipher } from '../../src/seal/cipher.ts'
import type { Revision } from '../../src/replica/head.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { forbidden, unreachable } from '../support/store/scripted-store.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { aged, begun, HEAD, identity, readable, Setting } from './support/setting.ts'

const same = (a: Uint8Array, b: Uint8Array): void => assert.deepEqual(Buffer.from(a), Buffer.from(b))

async function logIn(replica: Replica, bytes: Uint8Array, replace = false): Promise<Revision> {
  return (await (await begun(replica, { replace })).finish(bytes)).revision
}

describe('a push to a store that answers 503', () => {
  it('is as patient with the revision as with the head', async () => {
    const setting = new Setting()
    const fault = { method: 'put', key: 'revisions/', lands: false, answer: unreachable() } as const
    setting.store.fault({ ...fault, times: 8 })
    assert.equal((await setting.during(setting.replica().push(await sessionBytes()))).outcome, 'saved')
    setting.store.fault({ ...fault, times: Infinity })
    const began = setting.time.now
    await assert.rejects(setting.during(setting.replica().push(await sessionBytes())), {
      code: 'store.unreachable',
    })
    assert.ok(setting.time.now - began >= 30_000)
  })
})

describe('a login', () => {
  it('becomes revision 1 and the last login', async () => {
    const setting = new Setting()
    const bytes = await sessionBytes({ userId: 777 })
    const revision = await setting.during(logIn(setting.replica(), bytes))
    const { head } = setting
    assert.equal(revision.revision, 1)
    assert.equal(revision.userId, '777')
    assert.deepEqual(head.lastLogin, revision)
    assert.deepEqual(head.current, { ...revision, dead: null })
    assert.deepEqual(
      head.logins.map(({ outcome }) => outcome),
      ['done'],
    )
    same((await setting.during(setting.replica('other').restore())).bytes, bytes)
    setting.assertTidy()
  })

  it('is in the head before anything is asked of Telegram', async () => {
    const setting = new Setting()
    await setting.during(begun(setting.replica()))
    assert.deepEqual(
      setting.head.logins.map(({ outcome, by }) => [outcome, by]),
      [['started', 'worker.1']],
    )
    assert.equal(setting.head.current, null)
  })

  it('is refused where there is a good session, naming whose and since when', async () => {
    const setting = new Setting()
    await setting.during(logIn(setting.replica(), await sessionBytes({ userId: 777 })))
    await assert.rejects(setting.during(begun(setting.replica('two'))), {
      code: 'login.session_exists',
      message: /user 777, revision 1, saved 2026-01-01T.* by worker\.1$/,
    })
    const lease = await setting.during(setting.replica('worker.7').lease())
    await assert.rejects(setting.during(begun(setting.replica('two'))), {
      message: /in use by worker\.7 since 2026-01-01T/,
    })
    assert.equal(setting.head.logins.length, 1)
    await setting.during(lease.release())
  })

  it('may replace it on demand, and nothing is lost by that', async () => {
    const setting = new Setting()
    const first = await setting.during(logIn(setting.replica(), await sessionBytes()))
    const bytes = await sessionBytes()
    const second = await setting.during(logIn(setting.replica(), bytes, true))
    assert.equal(second.revision, 2)
    assert.equal(setting.head.lastLogin?.objectKey, second.objectKey)
    assert.deepEqual(
      setting.head.history.map(({ objectKey: key }) => key),
      [first.objectKey],
    )
    same((await setting.during(setting.replica().restore())).bytes, bytes)
    setting.assertTidy()
  })

  it('takes the place of a dead session without being told to', async () => {
    const setting = new Setting()
    await setting.during(logIn(setting.replica(), await sessionBytes()))
    setting.edit((head) => ({ ...head, current: head.current && { ...head.current, dead: 'revoked' } }))
    await setting.during(logIn(setting.replica(), await sessionBytes()))
    assert.equal(setting.head.current?.dead, null)
  })

  it('conflicts with another one that ended first, and loses no session', async () => {
    const setting = new Setting()
    const [one, two] = [setting.replica('one'), setting.replica('two')]
    const attempts = [await setting.during(begun(one)), await setting.during(begun(two))] as const
    const { revision: winner } = await setting.during(attempts[0].finish(await sessionBytes()))
    await assert.rejects(setting.during(attempts[1].finish(await sessionBytes())), {
      code: 'replica.changed',
    })
    assert.equal(setting.head.current?.objectKey, winner.objectKey)
  })

  it('is refused when a session is stored while it is announced', async () => {
    const setting = new Setting()
    await setting.during(begun(setting.replica('ci')))
    const bytes = await sessionBytes()
    setting.store.fault({ method: 'put', key: HEAD, first: () => setting.replica('ci').push(bytes) })
    await assert.rejects(setting.during(begun(setting.replica())), { code: 'login.session_exists' })
    assert.equal(setting.head.logins.length, 1)
  })

  it('waits as long as Telegram asked, with --replace too, and for the longest wait', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    const until = new Date(replica.clock.wall() + 86_400_000)
    const attempts = [await setting.during(begun(replica)), await setting.during(begun(replica))]
    await setting.during(attempts[0]!.blocked(until))
    const sooner = new Date(replica.clock.wall() + 60_000)
    await setting.during(attempts[1]!.blocked(sooner))
    assert.equal(setting.head.loginBlockedUntil, until.toISOString())
    await setting.during(attempts[1]!.failed('login.cancelled'))
    for (const replace of [false, true])
      await assert.rejects(setting.during(begun(setting.replica('other'), { replace })), {
        code: 'login.blocked',
        message: new RegExp(until.toISOString()),
      })
    await setting.time.run(86_400_000 - 1000)
    await assert.rejects(setting.during(begun(replica)), { code: 'login.blocked' })
    await setting.time.run(86_400_001 + 5000)
    await setting.during(begun(replica))
    const outcomes = setting.head.logins.map(({ outcome }) => outcome)
    assert.deepEqual(outcomes, ['login.flood_wait', 'login.cancelled', 'started'])
  })

  it('remembers the last twenty', async () => {
    const setting = new Setting()
    for (let i = 0; i < 23; i++) await setting.during(begun(setting.replica(`by ${i}`)))
    assert.equal(setting.head.logins.length, 20)
    assert.equal(setting.head.logins.at(-1)?.by, 'by 22')
  })
})

describe('a push', () => {
  it('of the same bytes changes nothing, of the same key not the last login', async () => {
    const setting = new Setting()
    const key = randomKey()
    const bytes = await sessionBytes({ key })
    const first = await setting.during(setting.replica().push(bytes))
    assert.equal(first.outcome, 'saved')
    const before = setting.store.json(HEAD)
    assert.equal((await setting.during(setting.replica('ci').push(bytes))).outcome, 'unchanged')
    assert.deepEqual(setting.store.json(HEAD), before)
    const more = await sessionBytes({ key, peers: 3 })
    assert.equal((await setting.during(setting.replica('ci').push(more))).revision.revision, 2)
    assert.equal(setting.head.lastLogin?.objectKey, first.revision.objectKey)
    setting.assertTidy()
  })

  it('conflicts with one that was faster', async () => {
    const setting = new Setting()
    await setting.during(setting.replica().push(await sessionBytes({ userId: 7 })))
    const [ours, theirs] = [await sessionBytes({ userId: 7 }), await sessionBytes({ userId: 7 })]
    const faster = setting.replica('theirs')
    setting.store.fault({ method: 'put', key: 'main/revisions/', first: () => faster.push(theirs) })
    await assert.rejects(setting.during(setting.replica('ours').push(ours)), {
      code: 'replica.changed',
    })
    assert.equal(setting.head.current?.savedBy, 'theirs')
    same((await setting.during(setting.replica().restore())).bytes, theirs)
  })

  it('is not disturbed by a save of the same key in between, under a number of its own', async () => {
    const setting = new Setting()
    const key = randomKey()
    const { revision } = await setting.during(setting.replica().push(await sessionBytes({ key })))
    const holder = setting.replica('worker.1')
    const lease = await setting.during(holder.lease())
    const [saved, pushed] = [await sessionBytes({ key, peers: 1 }), await sessionBytes({ key, peers: 2 })]
    setting.store.fault({
      method: 'put',
      key: 'main/revisions/',
      first: () => holder.save(lease, revision, saved),
    })
    const result = await setting.during(setting.replica('ci').push(pushed))
    assert.equal(result.revision.revision, 3)
    assert.deepEqual(
      setting.head.history.map(({ revision: number }) => number),
      [2, 1],
    )
    same((await setting.during(setting.replica().restore())).bytes, pushed)
    setting.assertTidy()
    await setting.during(lease.release())
  })

  it('never loses the object that another named, when both are equal and readable', async () => {
    const setting = new Setting()
    const key = randomKey()
    const bytes = await sessionBytes({ key, peers: 1 })
    const replica = setting.replica('one', { cipher: readable() })
    await setting.during(replica.push(await sessionBytes({ key })))
    // The second finds its number taken, by an object of the same name.
    await setting.during(Promise.all([replica.push(bytes), replica.push(bytes)]))
    same((await setting.during(setting.replica('two', { cipher: readable() }).restore())).bytes, bytes)
    setting.assertTidy()
  })

  it('of another account is quarantined, once, and changes no current', async () => {
    const setting = new Setting()
    const { revision } = await setting.during(setting.replica().push(await sessionBytes({ userId: 777 })))
    const foreign = await sessionBytes({ userId: 888 })
    for (let i = 0; i < 3; i++) {
      const result = await setting.during(setting.replica('ci').push(foreign))
      assert.equal(result.outcome, 'quarantined')
      assert.equal(result.revision.revision, 2)
    }
    assert.equal(setting.head.current?.objectKey, revision.objectKey)
    assert.equal(setting.head.lastLogin?.objectKey, revision.objectKey)
    assert.deepEqual(
      setting.head.quarantined.map(({ reason }) => reason),
      ['it is of user 888, this name is for user 777'],
    )
    setting.assertTidy()
  })

  it('of another account than TGSESSION_USER_ID is quarantined even where nothing is', async () => {
    const setting = new Setting()
    const pinned = setting.replica('ci', { userId: '777' })
    const result = await setting.during(pinned.push(await sessionBytes({ userId: 888 })))
    assert.equal(result.outcome, 'quarantined')
    assert.equal(setting.head.current, null)
    assert.equal(typeof setting.head.provenAt, 'string')
    await assert.rejects(setting.during(pinned.restore()), NoSessionError)
  })

  it('of what is no session, or has no key, writes nothing', async () => {
    const setting = new Setting()
    const { SQLiteSession } = await import('../../src/clients/gramjs/sqlite-session.ts')
    const empty = new SQLiteSession()
    await empty.load()
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('1BVtsO…'), await empty.toBytes()])
      await assert.rejects(setting.during(setting.replica().push(bytes)), BadDataError)
    assert.deepEqual(setting.store.keys(), [])
  })
})

async function held(options: { cipher?: ReturnType<typeof readable> } = {}) {
  const setting = new Setting()
  const key = randomKey()
  const replica = setting.replica('worker.1', options)
  const base = await setting.during(logIn(replica, await sessionBytes({ key, userId: 777 })))
  const lease = await setting.during(replica.lease())
  return { setting, key, replica, base, lease }
}

const newKey = parseKey('11'.repeat(32))
const sealing = (...identities: string[]): Cipher =>
  new Cipher({ encryption: 'age', identities, recipient: recipientOf(identities[0]!) })

describe('a changed key', () => {
  it('seals what is pushed again, though its bytes are the same', async () => {
    const setting = new Setting()
    const bytes = await sessionBytes()
    const changes = [
      [readable(), null],
      [aged(), recipientOf(identity)],
      [sealing(newKey, identity), recipientOf(newKey)],
    ] as const
    for (const [index, [cipher, sealedFor]] of changes.entries()) {
      const replica = setting.replica('ci', { cipher })
      for (const outcome of ['saved', 'unchanged']) {
        const pushed = await setting.during(replica.push(bytes))
        assert.deepEqual([pushed.outcome, pushed.revision.revision], [outcome, index + 1])
        assert.equal(setting.head.current?.['sealedFor'], sealedFor)
      }
    }
    const alone = setting.replica('new', { cipher: sealing(newKey) })
    same((await setting.during(alone.restore())).bytes, bytes)
    setting.assertTidy()
  })

  it('seals at the next save what is in use, though it has not changed', async () => {
    const { setting, base, lease } = await held()
    const replica = setting.replica('worker.1', { cipher: sealing(newKey, identity) })
    const { bytes } = await setting.during(replica.restore())
    const saved = await setting.during(replica.save(lease, base, bytes))
    assert.deepEqual([saved.outcome, saved.revision.revision], ['saved', 2])
    assert.equal((await replica.save(lease, saved.revision, bytes)).outcome, 'unchanged')
    const alone = setting.replica('new', { cipher: sealing(newKey) })
    same((await setting.during(alone.restore())).bytes, bytes)
    await setting.during(lease.release())
  })
})

describe('a save', () => {
  it('becomes current; the same bytes ask nothing of the store', async () => {
    const { setting, key, replica, base, lease } = await held()
    const bytes = await sessionBytes({ key, userId: 777, peers: 1 })
    const { outcome, revision } = await setting.during(replica.save(lease, base, bytes))
    assert.deepEqual([outcome, revision.revision], ['saved', 2])
    assert.equal(setting.head.lastLogin?.objectKey, base.objectKey)
    setting.store.requests = []
    assert.equal((await replica.save(lease, revision, bytes)).outcome, 'unchanged')
    assert.deepEqual(setting.store.requests, [])
    setting.assertTidy()
    await setting.during(lease.release())
  })

  it('goes through losses of every request', async () => {
    const { setting, key, replica, base, lease } = await held()
    let last = base
    for (const [peers, fault] of [
      { method: 'put' as const, key: 'head.json', answer: unreachable() },
      { method: 'put' as const, key: 'head.json', lands: false, answer: unreachable() },
      {
        method: 'put' as const,
        key: 'revisions/',
        answer: new ConflictError('store.conflict', '', { hint: '' }),
      },
      { method: 'get' as const, key: 'head.json', answer: unreachable(), times: 3 },
    ].entries()) {
      setting.store.fault(fault)
      const bytes = await sessionBytes({ key, peers: peers + 1 })
      last = (await setting.during(replica.save(lease, last, bytes))).revision
      same((await setting.during(setting.replica().restore())).bytes, bytes)
      setting.assertTidy()
    }
    assert.equal(last.revision, 5)
    await setting.during(lease.release())
  })

  it('is not named while its object is not there', async () => {
    const { setting, key, replica, base, lease } = await held()
    setting.store.fault({
      method: 'put',
      key: 'revisions/',
      lands: false,
      answer: new ConflictError('store.conflict', '', { hint: '' }),
    })
    const bytes = await sessionBytes({ key, peers: 1 })
    await assert.rejects(setting.during(replica.save(lease, base, bytes)), ConflictError)
    assert.equal(setting.head.current?.objectKey, base.objectKey)
    await setting.during(lease.release())
  })

  it('is refused after the lease was lost, also of a changed key', async () => {
    const { setting, key, replica, base, lease } = await held()
    await lease.abandon()
    const next = setting.replica('next')
    const taken = await setting.during(next.lease())
    for (const bytes of [await sessionBytes({ key, peers: 1 }), await sessionBytes()])
      await assert.rejects(setting.during(replica.save(lease, base, bytes)), {
        name: 'LeaseError',
        code: 'lease.lost',
      })
    assert.equal(setting.head.current?.objectKey, base.objectKey)
    assert.deepEqual(setting.head.quarantined, [])
    await setting.during(taken.release())
  })

  it('is refused when current was replaced', async () => {
    const { setting, key, replica, base, lease } = await held()
    const pushed = await setting.during(setting.replica('ci').push(await sessionBytes({ userId: 777 })))
    const bytes = await sessionBytes({ key, peers: 1 })
    await assert.rejects(setting.during(replica.save(lease, base, bytes)), {
      name: 'ConflictError',
      code: 'replica.superseded',
    })
    assert.equal(setting.head.current?.objectKey, pushed.revision.objectKey)
    await setting.during(lease.release())
  })

  it('of another key is quarantined, and current stays', async () => {
    const { setting, replica, base, lease } = await held()
    const before = setting.head.current
    const changed = await sessionBytes({ userId: 777 })
    for (let i = 0; i < 2; i++) {
      const result = await setting.during(replica.save(lease, base, changed))
      assert.ok(result.outcome === 'quarantined')
      assert.match(result.reason, /key changed/)
    }
    assert.deepEqual(setting.head.current, before)
    assert.equal(setting.head.quarantined.length, 1)
    setting.assertTidy()
    await setting.during(lease.release())
  })

  it('does not revive a key that Telegram took for dead', async () => {
    const { setting, key, replica, base, lease } = await held()
    await setting.during(replica.markDead(lease, base, 'duplicated'))
    assert.equal(setting.head.current?.dead, 'duplicated')
    await setting.during(replica.save(lease, base, await sessionBytes({ key, peers: 1 })))
    assert.deepEqual([setting.head.current.revision, setting.head.current.dead], [2, 'duplicated'])
    await setting.during(lease.release())
  })

  it('deletes what it drops, and only that', async () => {
    const { setting, key, replica, base, lease } = await held({ cipher: readable() })
    let last = base
    for (let peers = 1; peers <= 14; peers++)
      last = (await setting.during(replica.save(lease, last, await sessionBytes({ key, peers })))).revision
    const numbers = setting.head.history.map(({ revision }) => revision)
    // The others are patches of the first.
    assert.deepEqual(numbers, [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 1])
    assert.equal(setting.head.lastLogin?.revision, 1)
    setting.assertTidy()
    // The last login of before is dropped some time after the next one, since nothing is a patch of it.
    await setting.during(logIn(replica, await sessionBytes(), true))
    assert.ok(setting.store.keys().some((name) => name.includes('00000001-')))
    setting.assertTidy()
    for (let peers = 1; peers <= 12; peers++)
      await setting.during(replica.push(await sessionBytes({ key, peers })))
    assert.ok(!setting.store.keys().some((name) => name.includes('00000001-')))
    setting.assertTidy()
    await setting.during(lease.release())
  })

  it('bears that an old revision cannot be deleted', async () => {
    const { setting, key, replica, base, lease } = await held({ cipher: readable() })
    setting.store.fault({ method: 'delete', lands: false, answer: forbidden(), times: Infinity })
    let last = base
    for (let peers = 1; peers <= 12; peers++)
      last = (await setting.during(replica.save(lease, last, await sessionBytes({ key, peers })))).revision
    assert.equal(setting.head.current?.revision, 13)
    assert.equal(setting.warnings.length, 1)
    await setting.during(lease.release())
  })
})

describe('marking a session dead', () => {
  it('needs the lease, and does not touch another key', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    const base = await setting.during(logIn(replica, await sessionBytes({ userId: 7 })))
    const lease = await setting.during(replica.lease())
    const other = await setting.during(setting.replica('ci').push(await sessionBytes({ userId: 7 })))
    await setting.during(replica.markDead(lease, base, 'revoked'))
    assert.deepEqual(
      [setting.head.current?.objectKey, setting.head.current?.dead],
      [other.revision.objectKey, null],
    )
    await setting.during(lease.release())
    await assert.rejects(setting.during(replica.markDead(lease, other.revision, 'revoked')), LeaseError)
  })
})

describe('a restore', () => {
  it('says "none" only where the head proves it', async () => {
    const setting = new Setting()
    await assert.rejects(setting.during(setting.replica().restore()), NoSessionError)
    await setting.during(begun(setting.replica()))
    await assert.rejects(setting.during(setting.replica().restore()), { code: 'session.none' })
  })

  it('never says so where something could not be read', async () => {
    const setting = new Setting()
    setting.store.fault({ method: 'get', answer: unreachable(), times: Infinity })
    await assert.rejects(setting.during(setting.replica().restore()), UnreachableError)
    setting.store.heal()
    setting.store.fault({ method: 'get', answer: 'silence', times: Infinity })
    await assert.rejects(setting.during(setting.replica().restore()), UnreachableError)
    setting.store.heal()
    setting.store.fault({ method: 'get', answer: forbidden() })
    await assert.rejects(setting.during(setting.replica().restore()), { code: 'store.forbidden' })
    await setting.during(setting.replica().push(await sessionBytes()))
    setting.store.fault({ method: 'get', key: 'revisions/', answer: unreachable() })
    await assert.rejects(setting.during(setting.replica().restore()), UnreachableError)
  })

  for (const [name, harm] of Object.entries<(bytes: Uint8Array) => Uint8Array | null>({
    'is missing': () => null,
    'was cut': (bytes) => bytes.subarray(0, -1),
    'has a flipped bit in the name of its recipient': (bytes) => bytes.with(60, bytes[60]! ^ 1),
    'has a flipped bit': (bytes) => bytes.with(bytes.length - 5, bytes.at(-5)! ^ 1),
    'is empty': () => new Uint8Array(),
  }))
    it(`calls a revision damaged that ${name}, never absent`, async () => {
      const setting = new Setting()
      const { revision } = await setting.during(setting.replica().push(await sessionBytes()))
      const objects = setting.store.objects
      const object = objects.get(`main/${revision.objectKey}`)!
      const bytes = harm(object.bytes)
      if (bytes) objects.set(`main/${revision.objectKey}`, { ...object, bytes })
      else objects.delete(`main/${revision.objectKey}`)
      await assert.rejects(setting.during(setting.replica().restore()), {
        name: 'BadDataError',
        code: 'revision.corrupt',
      })
      // And a login is refused all the same: the key may be sound elsewhere.
      await assert.rejects(setting.during(begun(setting.replica())), { code: 'login.session_exists' })
    })

  it('calls an object damaged that is sound, but is not the one that the head describes', async () => {
    for (const [field, value] of [
      ['sha256', '0'.repeat(64)],
      ['keyFingerprint', '0'.repeat(16)],
      ['bytes', 100],
    ] as const) {
      const setting = new Setting()
      await setting.during(setting.replica().push(await sessionBytes()))
      setting.edit((head) => ({ ...head, current: head.current && { ...head.current, [field]: value } }))
      await assert.rejects(setting.during(setting.replica().restore()), { code: 'revision.corrupt' }, field)
    }
  })

  it('holds to the account that is expected, also where the head lies', async () => {
    const setting = new Setting()
    const bytes = await sessionBytes({ userId: 888 })
    await setting.during(setting.replica().push(bytes))
    same((await setting.during(setting.replica('x', { userId: '888' }).restore())).bytes, bytes)
    const pinned = setting.replica('y', { userId: '777' })
    await assert.rejects(setting.during(pinned.restore()), { code: 'replica.other_account' })
    for (const userId of [null, '777']) {
      setting.edit((head) => ({ ...head, current: head.current && { ...head.current, userId } }))
      await assert.rejects(setting.during(pinned.restore()), { code: 'replica.other_account' }, `${userId}`)
    }
  })

  it('stops by its signal', async () => {
    const setting = new Setting()
    await setting.during(setting.replica().push(await sessionBytes()))
    setting.store.fault({ method: 'get', key: 'revisions/', answer: 'silence' })
    const stop = new AbortController()
    const reason = new Error('stopping')
    setting.time.at(setting.time.now + 2000, () => stop.abort(reason))
    const work = setting.replica().restore({ signal: stop.signal })
    await assert.rejects(setting.during(work), (error) => error === reason)
  })
})

describe('a store that does not honour conditions', () => {
  it('is found out before a head is written', async () => {
    const works: ((replica: Replica, bytes: Uint8Array) => Promise<unknown>)[] = [
      (replica) => begun(replica),
      (replica, bytes) => replica.push(bytes),
    ]
    for (const work of works)
      for (const userId of [undefined, '1']) {
        const setting = new Setting()
        setting.store.sound = false
        const bytes = await sessionBytes({ userId: 888 })
        await assert.rejects(setting.during(work(setting.replica('x', { userId }), bytes)), {
          code: 'store.ignores_conditions',
        })
        assert.deepEqual(setting.store.keys(), [])
      }
  })

  it('is looked for once, and the answer is kept', async () => {
    const setting = new Setting()
    const probes = (): number => setting.store.requests.filter((text) => text.includes('.probe/')).length
    await setting.during(begun(setting.replica()))
    const first = probes()
    assert.ok(first > 0)
    await setting.during(setting.replica('b').push(await sessionBytes()))
    await setting.during(begun(setting.replica('c'), { replace: true }))
    assert.equal(probes(), first)
    assert.deepEqual(setting.store.keys('.probe'), [])
  })
})

describe('races', () => {
  for (const isQuarantined of [false, true])
    it(`give a save its own number beside a push (${isQuarantined ? 'both' : 'the push'} quarantined)`, async () => {
      const setting = new Setting()
      const key = randomKey()
      const holder = setting.replica('worker.1')
      const base = await setting.during(logIn(holder, await sessionBytes({ key, userId: 777 })))
      const lease = await setting.during(holder.lease())
      const foreign = await sessionBytes({ userId: 888 })
      const bytes = isQuarantined
        ? await sessionBytes({ userId: 777 })
        : await sessionBytes({ key, peers: 1 })
      const ci = setting.replica('ci')
      setting.store.fault({ method: 'put', key: 'main/revisions/', first: () => ci.push(foreign) })
      const saved = await setting.during(holder.save(lease, base, bytes))
      assert.deepEqual([saved.outcome, saved.revision.revision], [isQuarantined ? 'quarantined' : 'saved', 3])
      assert.deepEqual(
        setting.head.quarantined.map(({ revision }) => revision),
        isQuarantined ? [2, 3] : [2],
      )
      setting.assertTidy()
      await setting.during(lease.release())
    })

  it('give every revision its own number, and lose no object', async () => {
    const setting = new Setting()
    const key = randomKey()
    const first = setting.replica('0')
    await setting.during(logIn(first, await sessionBytes({ key })))
    const files = await Promise.all([1, 2, 3, 4, 5].map((peers) => sessionBytes({ key, peers })))
    const pushes = files.map((bytes, index) => setting.replica(`${index}`).push(bytes))
    const results = await setting.during(Promise.all(pushes))
    const numbers = results.map(({ revision }) => revision.revision)
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [2, 3, 4, 5, 6],
    )
    setting.assertTidy()
    const all = [setting.head.current, ...setting.head.history]
    assert.deepEqual(
      all.map((entry) => entry?.revision),
      [6, 5, 4, 3, 2, 1],
    )
  })
})
