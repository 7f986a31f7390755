import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { TgsessionError, UnreachableError } from '../../src/base/errors.ts'
import { findRevision, type Head, neededObjects, references, type Revision } from '../../src/replica/head.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { Holder, take } from './support/holder.ts'

const same = (a: Uint8Array, b: Uint8Array): void => assert.deepEqual(Buffer.from(a), Buffer.from(b))

/** Two whole revisions (1 and 4), each with patches: 2, 3 and 5, 6. */
async function twoBases(): Promise<Holder> {
  const holder = await Holder.of()
  await holder.saves(2)
  await holder.setting.during(holder.lease.release())
  await holder.setting.during(holder.setting.replica('ci').push(holder.made(3).slice()))
  const bytes = await holder.file()
  const { revision } = await holder.setting.during(holder.setting.replica('ci').push(bytes))
  assert.equal(revision.revision, 4)
  Object.assign(holder, await take(holder.setting, holder.replica), { base: revision })
  holder.files.set(4, bytes)
  await holder.saves(2)
  return holder
}

const entry = (head: Head, number: number): Revision => findRevision(head, number)!.revision

describe('a damaged patch or base', () => {
  it('costs no more than what needs it: the newest sound revision is served', async () => {
    const cases: [harmed: number[], served: number][] = [
      [[6], 5],
      [[6, 5], 4],
      [[4], 3],
      [[4, 3], 2],
      [[4, 2, 3], 1],
    ]
    for (const [harmed, served] of cases) {
      const holder = await twoBases()
      const { setting } = holder
      for (const number of harmed)
        holder.harm(entry(setting.head, number).objectKey, (bytes) => bytes.subarray(0, -1))
      await assert.rejects(setting.during(setting.replica('reader').restore()), { code: 'revision.corrupt' })
      const { revision, bytes, lease } = await holder.successor()
      same(bytes, holder.made(served))
      assert.equal(revision.revision, 7, 'written anew')
      assert.equal(revision.base, null, 'and whole')
      assert.match(setting.head.notice ?? '', new RegExp(`revision ${served}, of the same key`))
      await setting.during(lease.release())
    }
  })

  it('is told from missing objects by nobody: they are served around alike', async () => {
    const holder = await twoBases()
    const { setting } = holder
    setting.store.objects.delete(`main/${entry(setting.head, 4).objectKey}`)
    const { bytes, lease } = await holder.successor()
    same(bytes, holder.made(3))
    await setting.during(lease.release())
  })

  it('is missed within ten minutes by the holder, who then saves the whole session', async () => {
    const holder = await Holder.of({}, 200)
    const { setting } = holder
    const { base } = await holder.save()
    assert.ok(base)
    setting.store.objects.delete(`main/${base.objectKey}`)
    await setting.time.run(setting.time.now + 11 * 60_000)
    assert.equal((await holder.save()).base, null)
    assert.ok((await holder.save()).base, 'a patch of that one')
    const { bytes, lease } = await holder.successor()
    same(bytes, holder.made(4))
    await setting.during(lease.release())
  })

  it('leaves nothing only if every base is gone; then nothing is changed', async () => {
    const holder = await twoBases()
    const { setting } = holder
    for (const number of [1, 4]) holder.harm(entry(setting.head, number).objectKey, () => new Uint8Array(10))
    await setting.during(holder.lease.release())
    const before = setting.store.keys()
    const replica = setting.replica('worker.2')
    const lease = await setting.during(replica.lease())
    await assert.rejects(setting.during(replica.restore({ lease })), { code: 'replica.no_sound_revision' })
    assert.deepEqual(setting.store.keys(), before)
    await setting.during(lease.release())
  })

  it('whatever is done to the objects, gives errors of ours or the newest state that is sound', async () => {
    const holder = await twoBases()
    const { setting } = holder
    await setting.during(holder.lease.release())
    const original = new Map(setting.store.objects)
    const keys = [...neededObjects(setting.head)].map((key) => `main/${key}`)
    const change = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('grow' as const), at: fc.nat(5000) }),
      fc.record({ kind: fc.constant('swap' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('gone' as const) }),
    )
    const plan = fc.array(fc.tuple(fc.nat(keys.length - 1), change), { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(plan, async (harms) => {
      setting.store.objects.clear()
      for (const [key, object] of original) setting.store.objects.set(key, object)
      const isHarmed = new Set<string>()
      for (const [index, how] of harms) {
        const key = keys[index]!
        const object = original.get(key)!
        const bytes = Uint8Array.from(object.bytes)
        isHarmed.add(key)
        if (how.kind === 'gone') setting.store.objects.delete(key)
        else if (how.kind === 'flip') {
          bytes[how.at % bytes.length]! ^= 1 << how.bit
          setting.store.objects.set(key, { ...object, bytes })
        } else if (how.kind === 'cut')
          setting.store.objects.set(key, { ...object, bytes: bytes.subarray(0, how.at % bytes.length) })
        else if (how.kind === 'grow')
          setting.store.objects.set(key, {
            ...object,
            bytes: Buffer.concat([bytes, Buffer.alloc(how.at + 1)]),
          })
        else {
          const other = original.get(keys[how.at % keys.length]!)!
          if (other === object) isHarmed.delete(key)
          setting.store.objects.set(key, { ...object, bytes: Uint8Array.from(other.bytes) })
        }
      }
      const isSound = ({ objectKey, base }: Revision): boolean =>
        [objectKey, ...(base ? [base.objectKey] : [])].every((key) => !isHarmed.has(`main/${key}`))
      const newest = references(setting.head)
        .filter(isSound)
        .toSorted((a, b) => b.revision - a.revision)[0]
      const replica = setting.replica('next')
      const lease = await setting.during(replica.lease())
      try {
        const { bytes } = await setting.during(replica.restore({ lease }))
        assert.ok(newest)
        same(bytes, holder.made(newest.revision))
      } catch (error) {
        assert.ok(error instanceof TgsessionError, String(error))
        assert.equal(error.code, 'replica.no_sound_revision')
        assert.equal(newest, undefined)
      } finally {
        await setting.during(lease.release())
      }
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

/** A process that dies right before its `steps`th request from now on: none of its later ones is sent either. */
function mortal(store: ObjectStore): {
  store: ObjectStore
  dieAfter: (steps: number) => void
  dead: () => boolean
} {
  let left = Infinity
  const step = (): void => {
    if (left-- <= 0) throw new UnreachableError('store.unreachable', 'it is dead', { hint: '-' })
  }
  return {
    store: {
      label: store.label,
      get: async (...args) => (step(), await store.get(...args)),
      put: async (...args) => (step(), await store.put(...args)),
      delete: async (...args) => (step(), await store.delete(...args)),
      list: (...args) => (step(), store.list(...args)),
      close: () => store.close(),
    },
    dieAfter: (steps) => (left = steps),
    dead: () => left < 0,
  }
}

describe('a process that is killed in a save', () => {
  it('at any request leaves what was saved before, or the new state, and nothing that stays for ever', async () => {
    // Saves that make a base, a patch of it, and one that drops a base.
    for (const before of [0, 1, 12]) {
      for (let steps = 0; ; steps++) {
        const holder = await Holder.of()
        const { setting } = holder
        await setting.during(holder.lease.release())
        const life = mortal(setting.store)
        const replica = setting.replica('mortal', { store: life.store })
        const taken = await take(setting, replica)
        Object.assign(holder, { replica, lease: taken.lease, base: taken.revision })
        await holder.saves(before)
        if (before > 1) {
          // A new base, and so many patches of it that those of the first one go, and then it. The day before passes without
          // a lease, whose thousands of renewals would take seconds.
          await setting.during(holder.lease.release())
          await setting.time.run(setting.time.now + 25 * 60 * 60 * 1000)
          const again = await take(setting, replica)
          Object.assign(holder, { lease: again.lease, base: again.revision })
          await holder.saves(10)
        }
        const last = holder.base
        const bytes = await holder.file()
        life.dieAfter(steps)
        const saved = await setting.during(
          replica.save(holder.lease, last, bytes, { patienceMs: 0 }).then(
            () => true,
            () => false,
          ),
        )
        const died = life.dead()
        await holder.lease.abandon()
        const heir = setting.replica('heir')
        const next = await take(setting, heir)
        const isNew = next.revision.revision > last.revision
        same(next.bytes, isNew ? bytes : holder.made(last.revision))
        if (saved) assert.ok(isNew, 'what was acknowledged is there')
        assert.ok(neededObjects(setting.head).size > 0)
        const objects = setting.store.keys('main/revisions/')
        for (const key of neededObjects(setting.head)) assert.ok(objects.includes(`main/${key}`), key)
        await setting.during(next.lease.release())
        if (!died) break
      }
    }
  })
})
