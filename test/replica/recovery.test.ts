import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LeaseError, UnreachableError } from '../../src/base/errors.ts'
import type { Revision } from '../../src/replica/head.ts'
import { listNames } from '../../src/replica/names.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { forbidden, unreachable } from '../support/store/scripted-store.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { toVersion } from '../../src/store/shared/version.ts'
import { Revisions } from '../../src/replica/revisions.ts'
import { begun, HEAD, readable, Setting } from './support/setting.ts'
import { instantOf } from './support/virtual.ts'

const same = (a: Uint8Array, b: Uint8Array): void => assert.deepEqual(Buffer.from(a), Buffer.from(b))
const numbers = (revisions: Revision[]): number[] => revisions.map(({ revision }) => revision)

/** Three revisions of one key; the third is current. */
async function three(): Promise<{
  setting: Setting
  replica: Replica
  key: Uint8Array
  files: Uint8Array[]
}> {
  const setting = new Setting()
  const replica = setting.replica('worker.1')
  const key = randomKey()
  const files = []
  for (const peers of [0, 1, 2]) {
    const bytes = await sessionBytes({ key, userId: 777, peers })
    files.push(bytes)
    await setting.during(replica.push(bytes))
  }
  return { setting, replica, key, files }
}

/** The object of a revision loses its last byte. */
function harm(setting: Setting, revision: Revision | null | undefined): void {
  const name = `main/${revision?.objectKey}`
  const object = setting.store.objects.get(name)
  assert.ok(object)
  setting.store.objects.set(name, { ...object, bytes: object.bytes.subarray(0, -1) })
}

describe('a rollback', () => {
  it('writes an older revision anew, and keeps what it takes the place of', async () => {
    const { setting, replica, files } = await three()
    const { outcome, revision } = await setting.during(replica.recovery.rollback(1))
    assert.deepEqual([outcome, revision.revision], ['saved', 4])
    same((await setting.during(setting.replica('x').restore())).bytes, files[0]!)
    const { head } = setting
    assert.deepEqual(numbers(head.history), [3, 2, 1])
    assert.match(head.notice ?? '', /^rolled back from revision 3 to 1, 2026-01-01T\S+ by worker\.1$/)
    assert.equal(head.lastLogin?.revision, 1, 'the key is the same: no other login')
    setting.assertTidy()
  })

  it('to current changes nothing', async () => {
    const { setting, replica } = await three()
    const before = setting.store.json(HEAD)
    assert.equal((await setting.during(replica.recovery.rollback(3))).outcome, 'unchanged')
    assert.deepEqual(setting.store.json(HEAD), before)
  })

  it('names what is not there, and what was only quarantined', async () => {
    const { setting, replica } = await three()
    await setting.during(replica.push(await sessionBytes({ userId: 888 })))
    await assert.rejects(setting.during(replica.recovery.rollback(9)), {
      code: 'revision.none',
      exitCode: 66,
    })
    await assert.rejects(setting.during(replica.recovery.rollback(4)), {
      code: 'rollback.quarantined',
      hint: /promote 4/,
    })
  })

  it('crosses to another key only where it is told to; that counts as a login', async () => {
    const { setting, replica, files } = await three()
    await setting.during(replica.push(await sessionBytes({ userId: 777 })))
    const before = setting.store.json(HEAD)
    await assert.rejects(setting.during(replica.recovery.rollback(3)), {
      code: 'rollback.other_key',
      exitCode: 64,
    })
    assert.deepEqual(setting.store.json(HEAD), before)
    const { revision } = await setting.during(replica.recovery.rollback(3, { otherKey: true }))
    same((await setting.during(replica.restore())).bytes, files[2]!)
    assert.deepEqual(setting.head.lastLogin, revision)
    setting.assertTidy()
  })

  it('never brings back a key that Telegram has ended', async () => {
    const { setting, replica, files } = await three()
    setting.edit((head) => ({ ...head, current: head.current && { ...head.current, dead: 'duplicated' } }))
    for (const step of ['while it is current', 'after a new login']) {
      const work = setting.during(replica.recovery.rollback(2, { otherKey: true }))
      await assert.rejects(work, { code: 'session.dead_key' }, step)
      await setting.during(replica.push(await sessionBytes({ userId: 777 })))
    }
    await assert.rejects(setting.during(replica.push(files[1]!)), { code: 'session.dead_key' })
  })

  it('of a damaged revision changes nothing', async () => {
    const { setting, replica } = await three()
    harm(setting, setting.head.history[0])
    const before = setting.store.json(HEAD)
    await assert.rejects(setting.during(replica.recovery.rollback(2)), { code: 'revision.corrupt' })
    assert.deepEqual(setting.store.json(HEAD), before)
  })

  it('is a conflict where another key was stored after the decision, and none after a save', async () => {
    const { setting, replica, key } = await three()
    const seen = setting.head
    await setting.during(replica.push(await sessionBytes({ key, userId: 777, peers: 5 })))
    await setting.during(replica.recovery.rollback(1, { seen }))
    const pushed = await setting.during(replica.push(await sessionBytes({ userId: 777 })))
    await assert.rejects(setting.during(replica.recovery.rollback(2, { seen })), { code: 'replica.changed' })
    assert.equal(setting.head.current?.objectKey, pushed.revision.objectKey)
  })

  it('holds to the account that is expected', async () => {
    const { setting } = await three()
    const pinned = setting.replica('x', { userId: '1' })
    await assert.rejects(setting.during(pinned.recovery.rollback(1)), { code: 'replica.other_account' })
  })

  it('makes the holder give up its session, not overwrite it', async () => {
    const { setting, replica, key } = await three()
    const lease = await setting.during(replica.lease())
    const base = setting.head.current!
    const { revision } = await setting.during(setting.replica('laptop').recovery.rollback(1))
    const bytes = await sessionBytes({ key, userId: 777, peers: 9 })
    await assert.rejects(setting.during(replica.save(lease, base, bytes)), { code: 'replica.superseded' })
    assert.equal(setting.head.current?.objectKey, revision.objectKey)
    await setting.during(lease.release())
  })
})

describe('promoting what was quarantined', () => {
  it('makes it current, and the last login', async () => {
    const { setting, replica } = await three()
    const bytes = await sessionBytes({ userId: 888 })
    await setting.during(replica.push(bytes))
    const { revision } = await setting.during(replica.recovery.promote(4))
    assert.equal(revision.revision, 5)
    const { head } = setting
    assert.deepEqual(head.quarantined, [])
    assert.deepEqual(
      [head.current?.objectKey, head.lastLogin?.objectKey],
      [revision.objectKey, revision.objectKey],
    )
    assert.deepEqual(numbers(head.history), [3, 2, 1])
    same((await setting.during(setting.replica('x').restore())).bytes, bytes)
    setting.assertTidy()
  })

  it('takes nothing else, and nothing without a key', async () => {
    const { setting, replica } = await three()
    await assert.rejects(setting.during(replica.recovery.promote(2)), { code: 'promote.not_quarantined' })
    await assert.rejects(setting.during(replica.recovery.promote(7)), { code: 'revision.none' })
    const lease = await setting.during(replica.lease())
    const { SQLiteSession } = await import('../../src/clients/gramjs/sqlite-session.ts')
    const empty = new SQLiteSession()
    await empty.load()
    const saved = await setting.during(replica.save(lease, setting.head.current!, await empty.toBytes()))
    assert.equal(saved.outcome, 'quarantined')
    await assert.rejects(setting.during(replica.recovery.promote(4)), { code: 'session.no_key' })
    assert.equal(setting.head.current?.revision, 3)
    await setting.during(lease.release())
  })
})

describe('a damaged current', () => {
  it('is replaced under the lease by the newest sound revision of its key, with a notice', async () => {
    const { setting, replica, files } = await three()
    harm(setting, setting.head.current)
    harm(setting, setting.head.history[0])
    await assert.rejects(setting.during(replica.restore()), { code: 'revision.corrupt' }, 'no lease')
    const lease = await setting.during(replica.lease())
    const { revision, bytes } = await setting.during(replica.restore({ lease }))
    same(bytes, files[0]!)
    assert.equal(revision.revision, 4)
    assert.deepEqual(setting.head.current, revision)
    assert.match(setting.head.notice ?? '', /^revision 3 was damaged; revision 1, of the same key/)
    assert.deepEqual(numbers(setting.head.history), [3, 2, 1], 'nothing is thrown away')
    // And the holder goes on from there.
    const more = await setting.during(replica.save(lease, revision, files[1]!))
    assert.equal(more.revision.revision, 5)
    assert.match(setting.head.notice ?? '', /was damaged/, 'a save does not take the notice away')
    await setting.during(lease.release())
  })

  it('is read once more before it is given up', async () => {
    const { setting, replica, files } = await three()
    const lease = await setting.during(replica.lease())
    const name = `main/${setting.head.current?.objectKey}`
    const whole = setting.store.objects.get(name)!
    setting.store.objects.delete(name)
    const restore = (): void => void setting.store.objects.set(name, whole)
    setting.store.fault({ method: 'get', key: 'revisions/', after: () => Promise.resolve(restore()) })
    const { revision, bytes } = await setting.during(replica.restore({ lease }))
    assert.equal(revision.revision, 3)
    same(bytes, files[2]!)
    assert.equal(setting.head.notice, null)
    await setting.during(lease.release())
  })

  it('is never replaced by another key', async () => {
    const { setting, replica } = await three()
    await setting.during(replica.push(await sessionBytes({ userId: 777 })))
    harm(setting, setting.head.current)
    const lease = await setting.during(replica.lease())
    const before = { ...setting.head, holder: null, writeId: '' }
    await assert.rejects(setting.during(replica.restore({ lease })), {
      name: 'BadDataError',
      code: 'replica.no_sound_revision',
      message: /revision 4 is damaged/,
    })
    assert.deepEqual({ ...setting.head, holder: null, writeId: '' }, before)
    await setting.during(lease.release())
  })

  it('stays as it is where the others could not be read', async () => {
    const { setting, replica } = await three()
    harm(setting, setting.head.current)
    const lease = await setting.during(replica.lease())
    for (const answer of [unreachable(), forbidden()]) {
      setting.store.fault({ method: 'get', key: 'revisions/00000002', lands: false, answer })
      await assert.rejects(setting.during(replica.restore({ lease })), (error) => error === answer)
      assert.equal(setting.head.current?.revision, 3)
    }
    await setting.during(lease.release())
  })

  it('gives way to what is pushed while it is looked at', async () => {
    const { setting, replica } = await three()
    harm(setting, setting.head.current)
    const lease = await setting.during(replica.lease())
    const bytes = await sessionBytes({ userId: 777 })
    const ci = setting.replica('ci')
    setting.store.fault({ method: 'put', key: 'revisions/', first: () => ci.push(bytes) })
    const restored = await setting.during(replica.restore({ lease }))
    same(restored.bytes, bytes)
    assert.equal(setting.head.current?.savedBy, 'ci')
    await setting.during(lease.release())
  })

  it('is left alone by who has lost the lease', async () => {
    const { setting, replica } = await three()
    harm(setting, setting.head.current)
    const lease = await setting.during(replica.lease())
    setting.edit((head) => ({ ...head, generation: head.generation + 1, holder: null }))
    await assert.rejects(setting.during(replica.restore({ lease })), LeaseError)
    assert.equal(setting.head.current?.revision, 3)
    await setting.during(lease.release())
  })
})

describe('unlocking', () => {
  it('finds nothing to do where nobody holds the lease', async () => {
    const { setting, replica } = await three()
    const before = setting.store.json(HEAD)
    assert.equal(await setting.during(replica.recovery.unlock()), null)
    assert.deepEqual(setting.store.json(HEAD), before)
  })

  it('ends the lease of a dead holder, after its whole TTL', async () => {
    const { setting, replica } = await three()
    const lease = await setting.during(setting.replica('dead').lease())
    await lease.abandon()
    const began = setting.time.now
    const waited: string[] = []
    const work = setting
      .replica('laptop')
      .recovery.unlock({ onWaiting: ({ label }) => void waited.push(label) })
    const ended = instantOf(setting.time, work)
    assert.equal((await setting.during(work))?.label, 'dead')
    assert.ok((ended.at ?? 0) - began >= 45_000)
    assert.deepEqual(waited, ['dead'])
    assert.deepEqual([setting.head.holder, setting.head.generation], [null, lease.generation + 1])
    await setting.during(replica.lease().then((next) => next.release()))
  })

  it('refuses where the holder lives, as soon as that shows', async () => {
    const { setting, replica } = await three()
    const lease = await setting.during(replica.lease())
    const began = setting.time.now
    await assert.rejects(setting.during(setting.replica('laptop').recovery.unlock()), {
      code: 'lease.held',
      message: /in use by worker\.1 since/,
    })
    assert.ok(setting.time.now - began < 20_000)
    assert.ok(lease.owns(setting.head))
    await setting.during(lease.release())
  })

  it('by force asks nothing; the holder learns of it and saves no more', async () => {
    const { setting, replica, files } = await three()
    const lease = await setting.during(replica.lease())
    const base = setting.head.current!
    const freed = await setting.during(setting.replica('laptop').recovery.unlock({ force: true }))
    assert.equal(freed?.label, 'worker.1')
    assert.deepEqual([setting.head.holder, setting.head.generation], [null, lease.generation + 1])
    await assert.rejects(setting.during(replica.save(lease, base, files[0]!)), { code: 'lease.lost' })
    await setting.time.run(setting.time.now + 20_000)
    assert.ok(lease.signal.aborted)
    await setting.during(lease.release())
  })
})

describe('deleting', () => {
  it('leaves a head without sessions, whose generation, numbers and ban go on', async () => {
    const { setting, replica } = await three()
    const attempt = await setting.during(begun(replica, { replace: true }))
    const until = new Date(replica.clock.wall() + 3_600_000)
    await setting.during(attempt.blocked(until))
    const { generation } = setting.head
    assert.equal(await setting.during(replica.recovery.delete()), 3)
    const { head } = setting
    assert.deepEqual(setting.store.keys('main/'), [HEAD])
    assert.ok(head.generation > generation)
    assert.deepEqual([head.holder, head.current, head.lastLogin, head.history], [null, null, null, []])
    assert.equal(head.deleted?.by, 'worker.1')
    assert.equal(head.loginBlockedUntil, until.toISOString())
    await assert.rejects(setting.during(replica.restore()), { code: 'session.none' })
    await assert.rejects(setting.during(begun(replica)), { code: 'login.blocked' })

    const { revision } = await setting.during(setting.replica('ci').push(await sessionBytes()))
    assert.equal(revision.revision, 4)
    assert.equal(setting.head.deleted, null)
    setting.assertTidy()
  })

  it('is refused while a holder lives, and changes nothing', async () => {
    const { setting, replica } = await three()
    const lease = await setting.during(replica.lease())
    const keys = setting.store.keys()
    await assert.rejects(setting.during(setting.replica('laptop').recovery.delete()), { code: 'lease.held' })
    assert.deepEqual(setting.store.keys(), keys)
    await setting.during(lease.release())
  })

  it('writes nothing where there never was anything', async () => {
    const setting = new Setting()
    await assert.rejects(setting.during(setting.replica().recovery.delete()), { code: 'session.none' })
    assert.deepEqual(setting.store.keys(), [])
  })

  it('can be run again where an object could not be removed', async () => {
    const { setting, replica } = await three()
    setting.store.fault({ method: 'delete', key: '00000002', lands: false, answer: unreachable() })
    await assert.rejects(setting.during(replica.recovery.delete()), UnreachableError)
    assert.equal(setting.head.current, null)
    await setting.during(replica.recovery.delete())
    assert.deepEqual(setting.store.keys('main/'), [HEAD])
  })

  it('survives that its own answer is lost', async () => {
    const { setting, replica } = await three()
    const lost = { method: 'put', key: 'head.json', answer: unreachable(), times: 3 } as const
    setting.store.fault(lost)
    await setting.during(replica.recovery.delete())
    assert.deepEqual(setting.store.keys('main/'), [HEAD])
    assert.equal(setting.head.holder, null)
  })

  it('leaves what is uploaded meanwhile', async () => {
    const { setting, replica } = await three()
    const ci = setting.replica('ci', { cipher: readable() })
    const bytes = await sessionBytes()
    // The first delete of an object comes after the head was written.
    setting.store.fault({ method: 'delete', first: () => ci.push(bytes) })
    await setting.during(replica.recovery.delete())
    same((await setting.during(ci.restore())).bytes, bytes)
    assert.equal(setting.head.current?.revision, 4)
  })
})

describe('orphans', () => {
  it('go with the first prune, below the oldest number that is kept', async () => {
    const setting = new Setting()
    const key = randomKey()
    const old = setting.replica('old', { cipher: readable() })
    await setting.during(old.push(await sessionBytes({ key })))
    const put = async (number: number): Promise<string> => {
      const name = `main/revisions/${String(number).padStart(8, '0')}-${'a'.repeat(64)}.session.zst`
      await setting.store.put(name, new Uint8Array(3), 'absent')
      return name
    }
    const [below, inside, above] = [await put(1), await put(8), await put(99)]
    const stranger = 'main/revisions/readme.txt'
    await setting.store.put(stranger, new Uint8Array(3), 'absent')
    for (let peers = 1; peers <= 12; peers++)
      await setting.during(old.push(await sessionBytes({ key, peers })))
    const keys = setting.store.keys()
    assert.deepEqual(
      [below, inside, above, stranger].map((name) => keys.includes(name)),
      [false, true, true, true],
    )
    assert.ok(
      keys.some((name) => name.includes('00000001-')),
      'the last login stays',
    )
  })
})

describe('what lies in the store and was not saved by us', () => {
  it('is damaged where it decrypts and is no session: the newest sound one is served', async () => {
    const { setting, replica, files } = await three()
    const stranger = new Revisions({
      store: setting.store,
      name: 'main',
      cipher: readable(),
      verify: async () => verified,
    })
    const current = setting.head.current!
    const verified = { keyFingerprint: current.keyFingerprint, userId: current.userId }
    const about = { ...verified, revision: 4, savedAt: current.savedAt, savedBy: 'stranger' }
    const planted = await stranger.put(new TextEncoder().encode('no session at all'), about)
    setting.edit((head) => ({
      ...head,
      current: { ...planted, dead: null },
      history: [...head.history, current],
    }))
    await assert.rejects(setting.during(replica.restore()), { code: 'revision.corrupt' })
    const lease = await setting.during(replica.lease())
    const { bytes, revision } = await setting.during(replica.restore({ lease }))
    assert.deepEqual(Buffer.from(bytes), Buffer.from(files.at(-1)!))
    assert.equal(revision.revision, 5)
    await setting.during(lease.release())
  })

  it('is not fetched where it is larger than a session may be, nor repaired', async () => {
    const { setting } = await three()
    const { bytes } = setting.head.current!
    const small = setting.replica('small', { maxBytes: bytes - 1 })
    const lease = await setting.during(small.lease())
    setting.store.requests = []
    await assert.rejects(setting.during(small.restore({ lease })), {
      code: 'session.too_large',
      exitCode: 65,
    })
    assert.deepEqual(
      setting.store.requests.filter((request) => request.includes('revisions/')),
      [],
    )
    await setting.during(lease.release())
  })

  it('is refused before it is stored where it is larger than a session may be', async () => {
    const { setting, files } = await three()
    const bytes = files.at(-1)!
    const small = setting.replica('small', { maxBytes: bytes.length })
    const lease = await setting.during(small.lease())
    const { revision } = await setting.during(small.restore({ lease }))
    const keys = setting.store.keys()
    const larger = new Uint8Array([...bytes, ...new Uint8Array(4096)])
    await assert.rejects(setting.during(small.save(lease, revision, larger)), { code: 'session.too_large' })
    assert.deepEqual(setting.store.keys(), keys)
    await setting.during(lease.release())
  })
})

describe('a save that must end in time', () => {
  it('ends by its signal', async () => {
    const { setting, replica, files } = await three()
    const lease = await setting.during(replica.lease())
    const base = setting.head.current!
    const stop = new AbortController()
    const reason = new Error('enough')
    setting.store.fault({ method: 'put', key: 'revisions/', answer: 'silence', lands: false })
    setting.time.at(setting.time.now + 500, () => stop.abort(reason))
    const work = replica.save(lease, base, files[0]!, { signal: stop.signal })
    await assert.rejects(setting.during(work), (error) => error === reason)
    await setting.during(lease.release())
  })
})

describe('a reader in the middle of a change', () => {
  it('takes what is current now where what it began with was removed, and calls nothing damaged', async () => {
    const setting = new Setting()
    const key = randomKey()
    const old = await setting.during(setting.replica().push(await sessionBytes({ key })))
    const replaced = await sessionBytes({ key, peers: 1 })
    const removing = async (by: () => Promise<unknown>): Promise<void> =>
      setting.store.fault({
        method: 'get',
        key: 'main/revisions/',
        first: async () => {
          await by()
          await setting.store.delete(`main/${old.revision.objectKey}`)
        },
      })
    await removing(() => setting.replica('faster').push(replaced))
    const restored = await setting.during(setting.replica('reader').restore())
    assert.deepEqual([restored.revision.revision, Buffer.from(restored.bytes)], [2, Buffer.from(replaced)])

    await removing(async () => setting.edit((head) => ({ ...head, history: [], lastLogin: head.current })))
    await assert.rejects(setting.during(setting.replica('reader').recovery.open(1)), {
      code: 'revision.none',
    })
    await removing(() => setting.replica('faster').recovery.delete())
    await assert.rejects(setting.during(setting.replica('reader').restore()), { code: 'session.none' })
  })
})

/** A session in use whose head is edited until nobody can read it. */
async function unread(edit: (json: Record<string, unknown>) => unknown) {
  const setting = new Setting()
  const key = randomKey()
  const bytes = await sessionBytes({ key, userId: 777 })
  await setting.during(setting.replica().push(bytes))
  const lease = await setting.during(setting.replica('old', { leaseTtlMs: 120_000 }).lease())
  const object = setting.store.objects.get(HEAD)!
  const json: Record<string, unknown> = JSON.parse(new TextDecoder().decode(object.bytes))
  const broken = { bytes: new TextEncoder().encode(String(edit(json))), version: toVersion('broken') }
  setting.store.objects.set(HEAD, broken)
  return { setting, bytes, lease }
}

describe('a head that nobody can read', () => {
  const ways: Record<string, (json: Record<string, unknown>) => string> = {
    garbage: () => '{',
    'a head of format 1': (json) => JSON.stringify({ ...json, format: 1 }),
    'a head with a foreign key': (json) => JSON.stringify({ ...json, current: { objectKey: '../x' } }),
  }
  for (const [what, edit] of Object.entries(ways))
    it(`is deleted, and no hint leads in a circle: ${what}`, async () => {
      const { setting, bytes } = await unread(edit)
      const name = 'copy'
      await assert.rejects(setting.during(setting.replica('ci', { name }).push(bytes)), {
        code: 'session.claimed',
        hint: /tgsession delete --name main/,
      })
      await assert.rejects(setting.during(setting.replica().push(bytes)), { hint: /delete` the name/ })
      assert.equal(await setting.during(setting.replica().recovery.delete()), 1)
      setting.assertTidy()
      assert.equal(setting.head.lastNumber, 1)
      const pushed = await setting.during(setting.replica().push(bytes))
      assert.deepEqual([pushed.outcome, pushed.revision.revision], ['saved', 2])
      await setting.during(setting.replica().recovery.delete())
      assert.equal((await setting.during(setting.replica('ci', { name }).push(bytes))).outcome, 'saved')
    })

  it('keeps the generation and the ban on logins where they can be told, and lets the next wait for who may live', async () => {
    const until = '2026-02-01T00:00:00.000Z'
    const { setting, bytes, lease } = await unread((json) =>
      JSON.stringify({ ...json, loginBlockedUntil: until, history: null }),
    )
    await setting.during(setting.replica().recovery.delete())
    const { head } = setting
    assert.deepEqual([head.generation, head.loginBlockedUntil, head.holder?.ttlMs], [2, until, 120_000])
    assert.equal(lease.owns(head), false)
    await setting.during(setting.replica().push(bytes))
    const before = setting.time.now
    await setting.during(setting.replica('new').lease())
    assert.ok(setting.time.now - before >= 120_000)
  })

  it('of a newer version is never deleted', async () => {
    const { setting } = await unread((json) => JSON.stringify({ ...json, format: 3 }))
    await assert.rejects(setting.during(setting.replica().recovery.delete()), { code: 'head.newer' })
    assert.deepEqual(setting.store.keys('main/revisions/').length, 1)
  })
})

describe('the names in a store', () => {
  it('are those with a head, also a damaged one', async () => {
    const setting = new Setting()
    for (const name of ['main', 'second', 'broken'])
      await setting.during(setting.replica('ci', { name }).push(await sessionBytes()))
    const broken = setting.store.objects.get('broken/head.json')!
    setting.store.objects.set('broken/head.json', { ...broken, bytes: new TextEncoder().encode('{') })
    await setting.store.put('other/readme', new Uint8Array(1), 'absent')
    await setting.store.put('huge/head.json', new Uint8Array(1024 * 1024 + 1), 'absent')
    const found = []
    for await (const { name, head, damage } of listNames(setting.store))
      found.push([name, head?.current?.revision ?? damage?.code])
    assert.deepEqual(found, [
      ['broken', 'head.corrupt'],
      ['huge', 'store.too_large'],
      ['main', 1],
      ['second', 1],
    ])
  })
})
