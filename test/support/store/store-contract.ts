import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { BadDataError, ConfigurationError, ConflictError } from '../../../src/base/errors.ts'
import type { ObjectStore, Version } from '../../../src/store/store.ts'
import { toVersion } from '../../../src/store/shared/version.ts'

export interface StoreUnderTest {
  store: ObjectStore
  /** A second client of the same store, closed by the suite. */
  another(): Promise<ObjectStore>
  close(): Promise<void>
}

export interface StoreContractOptions {
  skip?: string | false
  /** How many keys make more than one page. */
  manyKeys?: number
  /** Also 64 MiB. */
  large?: boolean
}

const MIB = 1024 * 1024

/**
 * What every backend must do, proven on a store that is empty at first. Bodies carry fresh ids, as all callers' do.
 */
export function storeContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  { skip = false, manyKeys = 30, large = false }: StoreContractOptions = {},
): void {
  describe(`store contract: ${name}`, { skip }, () => {
    let under: StoreUnderTest
    let store: ObjectStore
    let other: ObjectStore
    let counter = 0
    const fresh = (): string => `fresh/${(counter += 1)}`

    before(async () => {
      under = await make()
      store = under.store
      other = await under.another()
    })
    after(async () => {
      await other.close()
      await store.close()
      await under.close()
    })

    it('has nothing at first: null, and an empty list', async () => {
      assert.equal(await store.get('main/head.json'), null)
      assert.deepEqual(await listed(store, ''), [])
    })

    it('creates, and gives back the bytes and the version', async () => {
      const key = fresh()
      const version = await store.put(key, text('one'), 'absent')
      const found = await store.get(key)
      assert.equal(found?.version, version)
      assert.equal(read(found.bytes), 'one')
    })

    it('shows a write to a second client at once', async () => {
      const key = fresh()
      const version = await store.put(key, text('one'), 'absent')
      const seen = await other.get(key)
      assert.equal(seen?.version, version)
      const replaced = await other.put(key, text('two'), version)
      assert.equal((await store.get(key))?.version, replaced)
      assert.equal(read((await store.get(key))?.bytes), 'two')
    })

    it('refuses to create what is there', async () => {
      const key = fresh()
      const version = await store.put(key, text('one'), 'absent')
      await assert.rejects(store.put(key, text('two'), 'absent'), isConflict)
      await assert.rejects(other.put(key, text('two'), 'absent'), isConflict)
      assert.deepEqual(await store.get(key), { bytes: text('one'), version })
    })

    it('replaces on the right version, and gives a new one', async () => {
      const key = fresh()
      const versions = [await store.put(key, text('0'), 'absent')]
      for (let i = 1; i <= 5; i += 1) versions.push(await store.put(key, text(String(i)), versions.at(-1)!))
      assert.equal(new Set(versions).size, 6)
      assert.deepEqual(await store.get(key), { bytes: text('5'), version: versions.at(-1) })
    })

    it('refuses every version that was left behind', async () => {
      const key = fresh()
      const versions = [await store.put(key, text('0'), 'absent')]
      for (let i = 1; i <= 5; i += 1) versions.push(await store.put(key, text(String(i)), versions.at(-1)!))
      for (const stale of versions.slice(0, -1))
        await assert.rejects(other.put(key, text('late'), stale), isConflict)
      assert.equal(read((await store.get(key))?.bytes), '5')
    })

    it('refuses a version where nothing is there, and one that it never gave', async () => {
      const key = fresh()
      const version = await store.put(fresh(), text('elsewhere'), 'absent')
      await assert.rejects(store.put(key, text('one'), version), isConflict)
      assert.equal(await store.get(key), null)
      await store.put(key, text('one'), 'absent')
      await assert.rejects(store.put(key, text('two'), toVersion('../../nonsense')), isConflict)
    })

    it('deletes; what is not there is deleted already', async () => {
      const key = fresh()
      await store.delete(key)
      const version = await store.put(key, text('one'), 'absent')
      await other.delete(key)
      assert.equal(await store.get(key), null)
      await assert.rejects(store.put(key, text('two'), version), isConflict)
      await store.delete(key)
    })

    it('never takes a version from before a deletion for one after it', async () => {
      const key = fresh()
      const first = await store.put(key, text('first life'), 'absent')
      await store.delete(key)
      const second = await store.put(key, text('second life'), 'absent')
      assert.notEqual(first, second)
      await assert.rejects(other.put(key, text('late'), first), isConflict)
      await store.put(key, text('third'), second)
    })

    it('lets one of ten racing creators win', async () => {
      const key = fresh()
      const won = await race(10, async (i) =>
        (i % 2 === 0 ? store : other).put(key, text(`creator ${i}`), 'absent'),
      )
      assert.equal(won.length, 1)
      assert.deepEqual(await store.get(key), {
        bytes: text(`creator ${won[0]!.by}`),
        version: won[0]!.version,
      })
    })

    it('lets one of ten racing writers win', async () => {
      const key = fresh()
      const version = await store.put(key, text('start'), 'absent')
      const won = await race(10, async (i) =>
        (i % 2 === 0 ? store : other).put(key, text(`writer ${i}`), version),
      )
      assert.equal(won.length, 1)
      assert.deepEqual(await store.get(key), {
        bytes: text(`writer ${won[0]!.by}`),
        version: won[0]!.version,
      })
    })

    it('counts exactly, however many count at once', async () => {
      const key = fresh()
      await store.put(key, text('0 start'), 'absent')
      const increments = 8
      const count = async (client: ObjectStore, id: string): Promise<void> => {
        for (let done = 0; done < increments;) {
          const seen = await client.get(key)
          const body = `${Number.parseInt(read(seen?.bytes), 10) + 1} ${id} ${done}`
          try {
            await client.put(key, text(body), seen!.version)
            done += 1
          } catch (error) {
            if (!isConflict(error)) throw error
            // It may be its own write whose first answer was lost, as with the head of a session.
            if (read((await client.get(key))?.bytes) === body) done += 1
          }
        }
      }
      await Promise.all([count(store, 'a'), count(store, 'b'), count(other, 'c'), count(other, 'd')])
      assert.equal(Number.parseInt(read((await store.get(key))?.bytes), 10), 4 * increments)
    })

    for (const size of [0, 1, 8 * MIB, ...(large ? [64 * MIB] : [])])
      it(`holds a body of ${size} bytes, and tells how far it is`, async () => {
        const key = fresh()
        const bytes = randomBytes(size)
        const progress: number[] = []
        await store.put(key, bytes, 'absent', { onProgress: (done) => progress.push(done) })
        if (size > 0) assert.equal(progress.at(-1), size)
        progress.length = 0
        const found = await other.get(key, { onProgress: (done) => progress.push(done) })
        assert.equal(Buffer.compare(found!.bytes, bytes), 0)
        if (size > 0) assert.equal(progress.at(-1), size)
        assert.deepEqual(
          progress,
          progress.toSorted((a, b) => a - b),
        )
        await store.delete(key)
      })

    it('keeps its own copy of the bytes', async () => {
      const key = fresh()
      const bytes = text('mine')
      const version = await store.put(key, bytes, 'absent')
      bytes.fill(0)
      const found = await store.get(key)
      found!.bytes.fill(0)
      assert.deepEqual(await store.get(key), { bytes: text('mine'), version })
    })

    it('refuses an object larger than maxBytes, and takes one of just that size', async () => {
      const key = fresh()
      await store.put(key, randomBytes(1000), 'absent')
      assert.equal((await store.get(key, { maxBytes: 1000 }))?.bytes.length, 1000)
      await assert.rejects(
        store.get(key, { maxBytes: 999 }),
        (error) => error instanceof BadDataError && error.code === 'store.too_large',
      )
    })

    it('takes odd keys as they are', async () => {
      const keys = ODD_NAMES.map((odd) => `odd/${odd}`)
      for (const key of keys) await store.put(key, text(key), 'absent')
      for (const key of keys) assert.equal(read((await other.get(key))?.bytes), key)
      assert.deepEqual(await listed(store, 'odd/'), keys.toSorted(byBytes))
      for (const key of keys) await store.delete(key)
      assert.deepEqual(await listed(store, 'odd/'), [])
    })

    it('holds a key and keys below it side by side', async () => {
      await store.put('both', text('above'), 'absent')
      await store.put('both/below', text('below'), 'absent')
      await store.put('both2/below', text('other'), 'absent')
      await store.put('both2', text('late'), 'absent')
      assert.equal(read((await store.get('both'))?.bytes), 'above')
      assert.equal(read((await store.get('both/below'))?.bytes), 'below')
      assert.equal(read((await store.get('both2'))?.bytes), 'late')
      assert.deepEqual(await listed(store, 'both'), ['both', 'both/below', 'both2', 'both2/below'])
    })

    it('refuses keys that are none', async () => {
      for (const key of [
        '',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        'a/../b',
        './a',
        'a\0b',
        '\ud800',
        'x'.repeat(1025),
      ])
        for (const attempt of [store.get(key), store.put(key, text('x'), 'absent'), store.delete(key)])
          await assert.rejects(
            attempt,
            (e) => e instanceof ConfigurationError && e.code === 'store.bad_key',
            key,
          )
    })

    it('lists what starts with a prefix, in the order of UTF-8 bytes', async () => {
      // By UTF-16 units the emoji (U+1F600) would come before U+FF5E.
      const keys = [
        'order/10',
        'order/9',
        'order/B',
        'order/a',
        'order/a/b',
        'order/a-b',
        'order/\uff5e',
        'order/\u{1f600}',
      ]
      for (const key of [...keys, 'orders', 'orde/r']) await store.put(key, text(key), 'absent')
      assert.deepEqual(await listed(store, 'order/'), keys.toSorted(byBytes))
      assert.deepEqual(await listed(store, 'order/a'), ['order/a', 'order/a-b', 'order/a/b'])
      assert.deepEqual(await listed(store, 'order/none'), [])
      assert.deepEqual(await listed(store, 'nowhere/at/all'), [])
    })

    it('lists all of many keys', async () => {
      const keys = Array.from({ length: manyKeys }, (_, i) => `many/${String(i).padStart(6, '0')}`)
      for (let i = 0; i < keys.length; i += 20)
        await Promise.all(keys.slice(i, i + 20).map(async (key) => store.put(key, text(key), 'absent')))
      assert.deepEqual(await listed(other, 'many/'), keys)
    })

    it('does nothing for a signal that is aborted already, and throws its reason', async () => {
      const key = fresh()
      const version = await store.put(key, text('one'), 'absent')
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      const isReason = (error: unknown): boolean => error === reason
      await assert.rejects(store.get(key, { signal }), isReason)
      await assert.rejects(store.put(key, text('two'), version, { signal }), isReason)
      await assert.rejects(store.put(fresh(), text('two'), 'absent', { signal }), isReason)
      await assert.rejects(store.delete(key, { signal }), isReason)
      await assert.rejects(listed(store, '', signal), isReason)
      assert.deepEqual(await store.get(key), { bytes: text('one'), version })
    })

    it('names itself and the key in a conflict', async () => {
      const key = fresh()
      await store.put(key, text('one'), 'absent')
      await assert.rejects(store.put(key, text('two'), 'absent'), (error) => {
        assert.ok(error instanceof ConflictError)
        assert.equal(error.code, 'store.conflict')
        assert.ok(error.message.includes(store.label) && error.message.includes(key), error.message)
        assert.notEqual(error.hint, '')
        return true
      })
    })
  })
}

const ODD_NAMES = [
  'with space',
  ' lead and trail ',
  'ü',
  '日本語',
  '+&=?#%',
  '%2F',
  '%41',
  'a%',
  '100%25',
  'quotes \' " `',
  'semi;colon:at@comma,',
  '!$()*~[]{}|^<>',
  'back\\slash',
  '.hidden',
  '...',
  '.versions',
  'x'.repeat(200),
]

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const read = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function isConflict(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'store.conflict'
}

async function listed(store: ObjectStore, prefix: string, signal?: AbortSignal): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.list(prefix, { signal })) keys.push(key)
  return keys
}

/** Who won, with what version; whoever lost must have lost by a conflict. */
async function race(
  racers: number,
  run: (by: number) => Promise<Version>,
): Promise<{ by: number; version: Version }[]> {
  const results = await Promise.allSettled(Array.from({ length: racers }, async (_, by) => run(by)))
  return results.flatMap((result, by) => {
    if (result.status === 'fulfilled') return [{ by, version: result.value }]
    assert.ok(isConflict(result.reason), String(result.reason))
    return []
  })
}
