import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ConfigurationError, ConflictError, ForbiddenError } from '../../../src/base/errors.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../../../src/base/retry.ts'
import type { ObjectStore, Version } from '../../../src/store/store.ts'
import { SqlProxy } from './sql-proxy.ts'
import { isUnreachable } from './failures.ts'

export interface Troubled {
  /** A store whose bucket, database or folder is not there. */
  missing: () => Promise<ObjectStore>
  /** One that the service does not let in, and what it tried to get in with. */
  refused?: { open: () => Promise<ObjectStore>; secrets: string[] }
  network?: {
    /** Where the service is. */
    url: string
    /** A client of it by way of another port of this machine, unencrypted. `waitMs` is how long it waits for an answer. */
    open: (port: number, how: { retry: RetryPolicy; waitMs: number }) => Promise<ObjectStore>
  }
  close: () => Promise<void>
}

/** A folder or a file has no network, and lets everybody in whom the system does. */
interface TroubleOptions {
  skip?: string | false
  network?: boolean
  refuses?: boolean
}

/** Tries as often as ever, without the pauses. */
const HASTY: RetryPolicy = { ...DEFAULT_RETRY, sleep: async () => {} }
const ONCE: RetryPolicy = { ...HASTY, attempts: 1 }
const WAIT_MS = 1000
const body = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What every backend must say and do where it cannot do what it is asked; above all, never "not there". */
export function troubleContract(
  name: string,
  make: () => Promise<Troubled>,
  { skip = false, network = true, refuses = true }: TroubleOptions = {},
): void {
  describe(`store in trouble: ${name}`, { skip }, () => {
    let troubled: Troubled
    const opened: ObjectStore[] = []
    const keep = async (store: Promise<ObjectStore>): Promise<ObjectStore> => {
      opened.push(await store)
      return await store
    }

    before(async () => {
      troubled = await make()
    })
    after(async () => {
      for (const store of opened) await store.close()
      await troubled.close()
    })

    it('says that the bucket, database or folder is not there, in every operation', async () => {
      for (const attempt of everything(await keep(troubled.missing())))
        await assert.rejects(attempt, isNotFound)
    })

    if (refuses) refusal(() => troubled.refused!, keep)
    if (network) networkTrouble(() => troubled.network!, keep)
  })
}

function refusal(
  service: () => NonNullable<Troubled['refused']>,
  keep: (store: Promise<ObjectStore>) => Promise<ObjectStore>,
): void {
  it('says that it is not let in, in every operation, and not with what it tried', async () => {
    const { open, secrets } = service()
    for (const attempt of everything(await keep(open())))
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof ForbiddenError && error.code === 'store.forbidden', inspect(error))
        const all = `${inspect(error, { depth: 9, showHidden: true })} ${error.hint} ${JSON.stringify(error)}`
        for (const secret of secrets) assert.ok(!all.includes(secret), all)
        return true
      })
  })
}

function networkTrouble(
  service: () => NonNullable<Troubled['network']>,
  keep: (store: Promise<ObjectStore>) => Promise<ObjectStore>,
): void {
  let proxy: SqlProxy
  const through = async (retry = HASTY): Promise<ObjectStore> =>
    keep(service().open(proxy.port, { retry, waitMs: WAIT_MS }))

  before(async () => {
    proxy = await SqlProxy.start(service().url)
  })
  afterEach(() => {
    proxy.silence(false)
    proxy.plan('nothing', 'cut', 0)
  })
  after(async () => proxy.close())

  it('writes again what was lost on the way', async () => {
    const store = await through()
    const id = randomUUID()
    proxy.plan(id, 'cut', 2)
    const version = await store.put(id, body(id), 'absent')
    assert.equal(proxy.mishaps, 2)
    assert.deepEqual(await store.get(id), { bytes: body(id), version })
  })

  it('has written once where only the answer was lost, and says so or calls it a conflict', async () => {
    const store = await through()
    const key = randomUUID()
    for (let condition: 'absent' | Version = 'absent', round = 0; round < 2; round += 1) {
      const id = randomUUID()
      proxy.plan(id, 'cut answer')
      const version: Version | null = await store.put(key, body(id), condition).catch((error: unknown) => {
        assert.ok(error instanceof ConflictError, inspect(error))
        return null
      })
      assert.equal(proxy.mishaps, 1)
      const found = await store.get(key)
      assert.deepEqual(found?.bytes, body(id))
      assert.equal(version ?? found.version, found.version)
      condition = found.version
    }
  })

  it('knows no outcome where it may not ask again: the write may have landed, or not', async () => {
    const store = await through(ONCE)
    for (const [mishap, landed] of [
      ['cut', false],
      ['cut answer', true],
      ['swallow', false],
      ['swallow answer', true],
    ] as const) {
      const id = randomUUID()
      await store.get(id)
      proxy.plan(id, mishap)
      await assert.rejects(store.put(id, body(id), 'absent'), isUnreachable, mishap)
      assert.equal(proxy.mishaps, 1)
      proxy.plan('nothing', 'cut', 0)
      assert.deepEqual((await store.get(id))?.bytes, landed ? body(id) : undefined, mishap)
    }
  })

  it('reads again what was cut in the middle, and never gives half of it', async () => {
    const store = await through()
    const id = randomUUID()
    const bytes = randomBytes(3 * 1024 * 1024)
    const version = await store.put(id, bytes, 'absent')
    proxy.cutAll()
    proxy.plan(id, 'cut middle')
    const found = await store.get(id)
    assert.equal(proxy.mishaps, 1)
    assert.equal(found?.version, version)
    assert.equal(Buffer.compare(found.bytes, bytes), 0)
  })

  it('releases at once when it is told to, in the middle of every operation, and goes on afterwards', async () => {
    const store = await through()
    const id = randomUUID()
    const reason = new Error('enough')
    await store.get(id)
    proxy.silence(true)
    const stop = new AbortController()
    const attempts = everything(store, stop.signal, id)
    setTimeout(() => stop.abort(reason), 50)
    for (const attempt of attempts) await assert.rejects(attempt, (error) => error === reason)
    proxy.silence(false)
    proxy.cutAll()
    // What was given up may have landed, or may land yet: so another key.
    const other = randomUUID()
    const version = await store.put(other, body(other), 'absent')
    assert.deepEqual(await store.get(other), { bytes: body(other), version })
  })

  it('says that nobody answers, in every operation', async () => {
    const gone = await SqlProxy.start(service().url)
    const { port } = gone
    await gone.close()
    const store = await keep(service().open(port, { retry: HASTY, waitMs: WAIT_MS }))
    for (const attempt of everything(store)) await assert.rejects(attempt, isUnreachable)
  })
}

/** One of each; the caller awaits them all. */
function everything(
  store: ObjectStore,
  signal?: AbortSignal,
  key: string = randomUUID(),
): Promise<unknown>[] {
  const options = { signal }
  const all = [
    store.get(key, options),
    store.put(key, body(key), 'absent', options),
    store.delete(key, options),
    (async () => {
      for await (const found of store.list('', options)) assert.fail(found)
    })(),
  ]
  for (const attempt of all) attempt.catch(() => undefined)
  return all
}

function isNotFound(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === 'store.not_found'
}
