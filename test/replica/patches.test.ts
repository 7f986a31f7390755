import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { references } from '../../src/replica/head.ts'
import { FEATURES } from '../../src/replica/head-format.ts'
import { Cipher } from '../../src/seal/cipher.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'
import { Holder, take } from './support/holder.ts'
import { sessionBytes } from './support/sessions.ts'
import { begun, HEAD, identity, Setting } from './support/setting.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const WHOLE = /^revisions\/\d{8}-[0-9a-f]{64}\.session\.zst\.age$/
const PATCH = /^revisions\/\d{8}-[0-9a-f]{64}\.session\.patch\.zst\.age$/
const same = (a: Uint8Array, b: Uint8Array): void => assert.deepEqual(Buffer.from(a), Buffer.from(b))
const noPatches = (): Promise<boolean> => Promise.resolve(false)
/** What age adds to a file of one chunk. */
const AGE_BYTES = 200

describe('a save of the holder', () => {
  it('is a patch of one whole revision, never of another patch', async () => {
    const holder = await Holder.of()
    await holder.saves(5)
    const { head, store } = holder.setting
    const first = head.history.find(({ revision }) => revision === 1)!
    assert.match(first.objectKey, WHOLE)
    for (const entry of [head.current!, ...head.history.filter((one) => one !== first)]) {
      assert.match(entry.objectKey, PATCH)
      assert.deepEqual(entry.base, { objectKey: first.objectKey, sha256: first.sha256 })
      const { length } = store.objects.get(`main/${entry.objectKey}`)!.bytes
      assert.equal(length, 4096 + AGE_BYTES, 'the length says nothing of what changed')
    }
    assert.deepEqual(head.requires, ['patches'])
    holder.setting.assertTidy()
  })

  it('is restored by who comes next, who goes on with the same base', async () => {
    const holder = await Holder.of()
    const { revision: number } = await holder.saves(3)
    const { replica, lease, revision, bytes } = await holder.successor()
    same(bytes, holder.made(number))
    const more = await holder.file()
    const saved = await holder.setting.during(replica.save(lease, revision, more))
    assert.deepEqual(saved.revision.base, revision.base)
    same((await holder.setting.during(holder.setting.replica('x').restore())).bytes, more)
    await holder.setting.during(lease.release())
  })

  it('is fetched together with its base', async () => {
    const holder = await Holder.of()
    const { objectKey, base } = await holder.save()
    const { setting } = holder
    const both: string[] = []
    const asked = Promise.withResolvers<void>()
    for (const key of [objectKey, base!.objectKey])
      setting.store.fault({
        method: 'get',
        key,
        first: async () => {
          if (both.push(key) === 2) asked.resolve()
          await asked.promise
        },
      })
    same((await setting.during(setting.replica('x').restore())).bytes, holder.made(2))
    assert.deepEqual(both.toSorted(), [objectKey, base!.objectKey].toSorted())
  })

  it('is whole if nothing was restored here', async () => {
    const holder = await Holder.of()
    await holder.save()
    await holder.setting.during(holder.lease.release())
    const replica = holder.setting.replica('worker.2')
    const lease = await holder.setting.during(replica.lease())
    const { revision } = await holder.setting.during(replica.save(lease, holder.base, await holder.file()))
    assert.match(revision.objectKey, WHOLE)
  })

  it('is whole if a quarter of the base would not do, and the next is a patch of that', async () => {
    const holder = await Holder.of()
    const whole = await holder.save(await sessionBytes({ key: holder.key, peers: 5000 }))
    assert.match(whole.objectKey, WHOLE)
    const next = await holder.save(await sessionBytes({ key: holder.key, peers: 5001 }))
    assert.equal(next.base?.objectKey, whole.objectKey)
  })

  it('is whole beyond 16 MiB, on either side', async () => {
    const holder = await Holder.of()
    const large = await sessionBytes({ key: holder.key, peers: 1 })
    // What follows the last page is no page of SQLite's.
    const grown = Buffer.concat([large, Buffer.alloc(16 * 1024 * 1024)])
    assert.match((await holder.save(grown)).objectKey, WHOLE)
    const { base } = await holder.save()
    assert.match(base!.objectKey, /^revisions\/00000001-/, 'a large one is no base')
  })

  it('is whole a day after the last whole one', async () => {
    const holder = await Holder.of()
    const { time } = holder.setting
    const made = time.now
    await time.run(made + DAY_MS - 60_000)
    assert.match((await holder.save()).objectKey, PATCH)
    await time.run(made + DAY_MS + 60_000)
    const whole = await holder.save()
    assert.match(whole.objectKey, WHOLE)
    await time.run(time.now + DAY_MS / 2)
    assert.equal((await holder.save()).base?.objectKey, whole.objectKey)
  })

  it('is whole a day after the base that its predecessor used', async () => {
    const holder = await Holder.of()
    const { time } = holder.setting
    await time.run(time.now + DAY_MS - 60_000)
    await holder.save()
    const { replica, lease, revision } = await holder.successor()
    await time.run(time.now + 120_000)
    const saved = await holder.setting.during(replica.save(lease, revision, await holder.file()))
    assert.match(saved.revision.objectKey, WHOLE)
    await holder.setting.during(lease.release())
  })

  it('is whole once TGSESSION_KEY is another', async () => {
    const holder = await Holder.of()
    await holder.save()
    const newer = parseKey(randomBytes(32).toString('hex'))
    const cipher = new Cipher({
      encryption: 'age',
      identities: [newer, identity],
      recipient: recipientOf(newer),
    })
    const { replica, lease, revision } = await holder.successor({ cipher })
    const saved = await holder.setting.during(replica.save(lease, revision, await holder.file()))
    assert.match(saved.revision.objectKey, WHOLE)
    assert.equal(saved.revision.sealedFor, recipientOf(newer))
    const next = await holder.setting.during(replica.save(lease, saved.revision, await holder.file()))
    assert.equal(next.revision.base?.objectKey, saved.revision.objectKey)
    await holder.setting.during(lease.release())
  })

  it('is whole if the head does not name its base any more', async () => {
    const holder = await Holder.of()
    await holder.save()
    const { setting } = holder
    const [first] = setting.head.history
    const objectKey = first!.objectKey.replace(/-\w{8}/, '-00000000')
    setting.edit((head) => ({
      ...head,
      history: [],
      lastLogin: null,
      current: { ...first!, objectKey, dead: null },
    }))
    holder.base = setting.head.current!
    const saved = await holder.save()
    assert.match(saved.objectKey, WHOLE)
    assert.equal(
      setting.store.keys('main/revisions/').filter((key) => key.includes('00000002-')).length,
      2,
      'that of before, and no patch of now',
    )
    same((await setting.during(setting.replica('x').restore())).bytes, holder.made(2))
  })

  it('of a key that was changed outside a login is quarantined whole', async () => {
    const holder = await Holder.of()
    await holder.save()
    const other = await sessionBytes({ userId: 777 })
    const saved = await holder.setting.during(holder.replica.save(holder.lease, holder.base, other))
    assert.equal(saved.outcome, 'quarantined')
    assert.match(saved.revision.objectKey, WHOLE)
    assert.match((await holder.save()).objectKey, WHOLE, 'that one is no base')
  })

  it('names no patches any more when the last of them is gone', async () => {
    const holder = await Holder.of()
    await holder.save()
    await holder.setting.during(holder.lease.release())
    const ci = holder.setting.replica('ci')
    for (let index = 0; index < 12; index++) await holder.setting.during(ci.push(await holder.file()))
    assert.deepEqual(holder.setting.head.requires, [])
    assert.ok(references(holder.setting.head).every(({ base }) => base === null))
    holder.setting.assertTidy()
  })
})

describe('what takes the place of a session', () => {
  it('is whole: a push, a login, a rollback to a patch, a promotion', async () => {
    const holder = await Holder.of()
    await holder.saves(2)
    const { setting } = holder
    await setting.during(holder.replica.save(holder.lease, holder.base, await sessionBytes()))
    await setting.during(holder.lease.release())
    const replica = setting.replica('worker.2')
    const current = (): string => setting.head.current!.objectKey

    await setting.during(replica.recovery.rollback(2))
    assert.match(current(), WHOLE)
    same((await setting.during(setting.replica('x').restore())).bytes, holder.made(2))
    await setting.during(replica.push(await holder.file()))
    assert.match(current(), WHOLE)
    await setting.during(replica.recovery.promote(4))
    assert.match(current(), WHOLE)
    const attempt = await setting.during(begun(replica, { replace: true }))
    await setting.during(attempt.finish(await sessionBytes()))
    assert.match(current(), WHOLE)
    setting.assertTidy()
  })

  it('can be looked at by its number, also where it is a patch', async () => {
    const holder = await Holder.of()
    await holder.saves(3)
    for (const number of [1, 2, 3, 4]) {
      const { bytes } = await holder.setting.during(holder.replica.recovery.open(number))
      same(bytes, holder.made(number))
    }
  })
})

describe('a Node that cannot do patches', () => {
  it('writes whole revisions', async () => {
    const holder = await Holder.of({ patchesWork: noPatches })
    await holder.saves(3)
    assert.ok(references(holder.setting.head).every(({ base }) => base === null))
    assert.deepEqual(holder.setting.head.requires, [])
  })

  it('changes nothing where one is current, and calls it neither damaged nor missing', async () => {
    const holder = await Holder.of()
    await holder.saves(2)
    const { setting } = holder
    await setting.during(holder.lease.release())
    const replica = setting.replica('old', { patchesWork: noPatches })
    const before = setting.store.keys()
    const lease = await setting.during(replica.lease())
    const unsupported = { code: 'runtime.unsupported', exitCode: 78 }
    await assert.rejects(setting.during(replica.restore({ lease })), unsupported)
    await assert.rejects(setting.during(replica.recovery.open(2)), unsupported)
    await assert.rejects(setting.during(replica.recovery.rollback(2)), unsupported)
    await setting.during(lease.release())
    assert.deepEqual(setting.store.keys(), before)
    assert.equal(setting.head.current?.revision, 3)
    same((await setting.during(replica.recovery.open(1))).bytes, holder.made(1))
  })

  it('does not repair a damaged whole one by leaving out the patch that is newer than what it could take', async () => {
    const holder = await Holder.of()
    await holder.saves(2)
    const { setting } = holder
    await setting.during(holder.lease.release())
    await setting.during(setting.replica('ci').push(await holder.file()))
    holder.harm(setting.head.current!.objectKey, (bytes) => bytes.subarray(1))
    const replica = setting.replica('old', { patchesWork: noPatches })
    const lease = await setting.during(replica.lease())
    await assert.rejects(setting.during(replica.restore({ lease })), { code: 'runtime.unsupported' })
    assert.equal(setting.head.current?.revision, 4)
    await setting.during(lease.release())
  })
})

describe('two releases, one of which knows no patches', () => {
  const features = FEATURES.filter((feature) => feature !== 'patches')

  it('hand over to each other until the newer one has written one; then the older one changes nothing', async () => {
    const holder = await Holder.of({ features })
    await holder.saves(2)
    assert.ok(references(holder.setting.head).every(({ base }) => base === null))
    const { replica, lease, revision, bytes } = await holder.successor()
    same(bytes, holder.made(3))
    const { setting } = holder
    const patch = await setting.during(replica.save(lease, revision, await holder.file()))
    assert.match(patch.revision.objectKey, PATCH)
    const old = setting.replica('old', { features })
    const before = setting.store.json(HEAD)
    const more = await holder.file()
    const moves: (() => Promise<unknown>)[] = [
      () => old.lease(),
      () => old.restore(),
      () => old.push(more),
      () => old.recovery.rollback(1),
    ]
    for (const move of moves)
      await assert.rejects(setting.during(move()), { code: 'head.newer', exitCode: 65 })
    assert.deepEqual(setting.store.json(HEAD), before)
    await setting.during(lease.release())
  })

  it('share the name again once it was deleted', async () => {
    const holder = await Holder.of()
    await holder.save()
    const { setting } = holder
    await setting.during(holder.lease.release())
    await setting.during(setting.replica('new').recovery.delete())
    assert.deepEqual(setting.head.requires, [])
    await setting.during(setting.replica('old', { features }).push(await holder.file()))
  })

  it('share the name again once no patch is left', async () => {
    const holder = await Holder.of()
    await holder.save()
    const { setting } = holder
    await setting.during(holder.lease.release())
    for (let index = 0; index < 12; index++)
      await setting.during(setting.replica('ci').push(await holder.file()))
    const { lease } = await take(setting, setting.replica('old', { features }))
    await setting.during(lease.release())
  })
})

const bad = async (change: (setting: Setting) => void): Promise<void> => {
  const holder = await Holder.of()
  await holder.save()
  assert.throws(() => change(holder.setting), { code: 'head.corrupt' })
}

describe('a head', () => {
  it('names a patch with its base, of one whole revision', async () => {
    await bad((setting) => setting.edit((head) => ({ ...head, current: { ...head.current!, base: null } })))
    await bad((setting) =>
      setting.edit((head) => {
        const { objectKey, sha256 } = head.current!
        return { ...head, current: { ...head.current!, base: { objectKey, sha256 } } }
      }),
    )
    await bad((setting) =>
      setting.edit((head) => {
        const [{ objectKey, sha256 } = { objectKey: '', sha256: '' }] = head.history
        return { ...head, history: head.history.map((entry) => ({ ...entry, base: { objectKey, sha256 } })) }
      }),
    )
  })
})
