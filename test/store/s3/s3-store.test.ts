import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import {
  ConfigurationError,
  ForbiddenError,
  TgsessionError,
  UnsupportedError,
} from '../../../src/base/errors.ts'
import { parseS3Url } from '../../../src/store/s3/location.ts'
import { S3Store, type S3StoreOptions } from '../../../src/store/s3/s3-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'
import { S3Server } from '../../support/store/s3-server.ts'
import {
  firstOf,
  hasCode,
  isConflict,
  isUnreachable,
  noting,
  unconnected,
} from '../../support/store/failures.ts'

const credentials = { accessKeyId: 'testkey', secretAccessKey: 'the-secret-key' }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

for (const conditions of ['sound', 'unquoted'] as const)
  storeContract(`s3, in this process, conditions ${conditions}`, async () => {
    const server = await S3Server.start({ conditions, pageSize: 10 })
    const open = (): S3Store => new S3Store(parseS3Url(server.url('some/prefix')), { credentials })
    return { store: open(), another: async () => open(), close: async () => server.close() }
  })

const openAt = (url: string, options: S3StoreOptions = {}): S3Store =>
  new S3Store(parseS3Url(url), { credentials, ...options })

troubleContract('s3, in this process', async () => {
  const server = await S3Server.start()
  const secretAccessKey = 'wrong-secret-of-mine'
  return {
    missing: async () => openAt(server.url().replace('//bucket', '//nowhere')),
    refused: {
      open: async () => openAt(server.url(), { credentials: { accessKeyId: 'unknown-id', secretAccessKey } }),
      secrets: [secretAccessKey],
    },
    network: {
      url: server.endpoint,
      open: async (port, { retry, waitMs }) =>
        openAt(server.url().replace(/(127\.0\.0\.1%3A)\d+/, `$1${port}`), {
          retry,
          timeouts: { connectMs: waitMs, idleMs: waitMs },
        }),
    },
    close: async () => server.close(),
  }
})

describe('S3Store when things go wrong', () => {
  let server: S3Server
  let store: S3Store
  /** Where all tries are to time out. */
  let hasty: S3Store
  let pauses: number[]
  let open: (options?: S3StoreOptions) => S3Store
  const opened: S3Store[] = []

  before(async () => {
    server = await S3Server.start()
    open = (options = {}) => {
      const made = new S3Store(parseS3Url(server.url()), {
        credentials,
        timeouts: { connectMs: 30_000, idleMs: 1000 },
        retry: noting((ms) => pauses.push(ms)),
        ...options,
      })
      opened.push(made)
      return made
    }
    store = open()
    hasty = open({ timeouts: { connectMs: 30_000, idleMs: 250 } })
  })
  afterEach(() => {
    server.clearFaults()
    server.conditions = 'sound'
  })
  after(async () => {
    for (const one of opened) await one.close()
    await server.close()
  })
  const start = (): void => {
    pauses = []
    server.seen.length = 0
  }

  it('tries again after 500, 503, 429 and a cut connection, with growing pauses', async () => {
    start()
    await store.put('again', text('1'), 'absent')
    server.fault({ act: { answer: 500 } })
    server.fault({ act: { answer: 503, code: 'SlowDown' } })
    server.fault({ act: { answer: 429, code: 'TooManyRequests' } })
    assert.equal((await store.get('again'))?.bytes.length, 1)
    assert.deepEqual(pauses, [100, 200, 400])
    server.fault({ act: { cut: 'before' } })
    assert.equal((await store.get('again'))?.bytes.length, 1)
  })

  it('gives up after its tries, and never says "not there"', async () => {
    start()
    server.fault({ times: 4, act: { answer: 503 } })
    await assert.rejects(store.get('nothing'), isUnreachable)
    assert.equal(server.seen.length, 4)
    server.fault({ times: 4, act: { cut: 'before' } })
    await assert.rejects(store.get('nothing'), isUnreachable)
    assert.equal(await store.get('nothing'), null)
  })

  it('reads again what was cut short or stood still in the middle', async () => {
    start()
    const body = text('x'.repeat(100_000))
    await store.put('long', body, 'absent')
    server.fault({ method: 'GET', act: { cut: 'body' } })
    server.fault({ method: 'GET', act: { hang: 'body' } })
    assert.equal((await store.get('long'))?.bytes.length, body.length)
    assert.equal(pauses.length, 2)
  })

  it('knows no outcome of a write that lands after it gave up', async () => {
    start()
    const { promise: wait, resolve: land } = Promise.withResolvers<void>()
    server.fault({ method: 'PUT', times: 4, act: { wait } })
    await assert.rejects(hasty.put('late', text('1'), 'absent'), isUnreachable)
    assert.equal(await store.get('late'), null)
    land()
    await wait
    assert.equal((await store.get('late'))?.bytes.length, 1)
  })

  it('waits for no answer longer than its time-out', async () => {
    start()
    server.fault({ times: 4, act: { hang: 'before' } })
    await assert.rejects(hasty.get('silent'), isUnreachable)
  })

  it('knows credentials that have run out, and a clock that is wrong', async () => {
    start()
    for (const [answer, code, hint] of [
      [400, 'ExpiredToken', /AWS_SESSION_TOKEN/],
      [403, 'ExpiredToken', /AWS_SESSION_TOKEN/],
      [403, 'RequestTimeTooSkewed', /clock/],
      [403, 'AccessDenied', /s3:GetObject/],
    ] as const) {
      server.fault({ times: 4, act: { answer, code } })
      await assert.rejects(store.get('key'), (error) => {
        assert.ok(error instanceof ForbiddenError && error.code === 'store.forbidden', String(error))
        assert.match(error.hint, hint)
        return true
      })
      server.clearFaults()
    }
  })

  it('takes no foreign 404 for "not there"', async () => {
    start()
    server.fault({ act: { answer: 404, code: 'NotFound' } })
    await assert.rejects(store.get('key'), (error) => error instanceof ConfigurationError)
  })

  it('reports a conflict with itself where the first answer to its write was lost', async () => {
    start()
    for (const act of [{ cut: 'after' }, { hang: 'after' }, { doThenAnswer: 500 }] as const) {
      const key = `lost/${JSON.stringify(act)}`
      server.fault({ method: 'PUT', act })
      await assert.rejects(store.put(key, text('mine'), 'absent'), isConflict)
      const found = await store.get(key)
      assert.equal(server.peek(key)?.toString(), 'mine')
      server.fault({ method: 'PUT', act })
      await assert.rejects(store.put(key, text('mine again'), found!.version), isConflict)
      assert.equal(server.peek(key)?.toString(), 'mine again')
    }
  })

  it('looks at the object when a conditional write ends in 500 or 409: changed is a conflict, else unreachable', async () => {
    start()
    const version = await store.put('open', text('1'), 'absent')
    for (const status of [500, 409]) {
      server.fault({ method: 'PUT', times: 4, act: { answer: status } })
      await assert.rejects(store.put('open', text('2'), version), isUnreachable)
      server.fault({ method: 'PUT', times: 4, act: { answer: status } })
      await assert.rejects(store.put(`new-${status}`, text('2'), 'absent'), isUnreachable)
      server.fault({ method: 'PUT', times: 4, act: { answer: status } })
      await assert.rejects(store.put('open', text('2'), 'absent'), isConflict)
    }
    const newer = await open().put('open', text('2'), version)
    server.fault({ method: 'PUT', times: 4, act: { answer: 500 } })
    await assert.rejects(store.put('open', text('3'), version), isConflict)
    assert.equal((await store.get('open'))?.version, newer)
  })

  it('asks another service for nothing that only AWS knows: no checksums, no chunks with trailers', async () => {
    start()
    const version = await store.put('plain', text('1'), 'absent')
    await store.put('plain', text('2'), version)
    await store.get('plain')
    for await (const key of store.list('plain')) await store.delete(key)
    assert.equal(server.seen.length, 5)
    for (const { method, headers } of server.seen) {
      const names = Object.keys(headers).filter((name) => /checksum|trailer|content-encoding/.test(name))
      assert.deepEqual(names, [], method)
    }
  })

  it('tries again after 409 ConditionalRequestConflict', async () => {
    start()
    server.fault({ method: 'PUT', times: 2, act: { answer: 409, code: 'ConditionalRequestConflict' } })
    await store.put('busy', text('1'), 'absent')
    assert.equal(pauses.length, 2)
  })

  it('drops the quotes of If-Match where they are refused, and remembers it', async () => {
    start()
    server.conditions = 'unquoted'
    const fresh = open()
    let version = await fresh.put('quotes', text('1'), 'absent')
    version = await fresh.put('quotes', text('2'), version)
    assert.deepEqual(
      server.seen.map(({ method, ifMatch }) => `${method} ${ifMatch?.startsWith('"') ?? '-'}`),
      ['PUT -', 'PUT true', 'HEAD -', 'PUT false'],
    )
    server.seen.length = 0
    await fresh.put('quotes', text('3'), version)
    assert.deepEqual(
      server.seen.map(({ ifMatch }) => ifMatch),
      [version],
    )
  })

  it('says so where every conditional write is refused', async () => {
    start()
    const version = await store.put('refused', text('1'), 'absent')
    server.conditions = 'refused'
    await assert.rejects(
      store.put('refused', text('2'), version),
      (error) => error instanceof UnsupportedError && error.code === 'store.refuses_conditions',
    )
  })

  it('stops at an abort: while waiting for an answer, in a body, and between tries', async () => {
    start()
    const patient = open({ timeouts: { connectMs: 5000, idleMs: 60_000 } })
    await patient.put('abort', text('x'.repeat(100_000)), 'absent')
    for (const act of [{ hang: 'before' }, { hang: 'body' }] as const) {
      const reason = new Error('enough')
      const controller = new AbortController()
      server.fault({ method: 'GET', act })
      const reading = patient.get('abort', {
        signal: controller.signal,
        onProgress: () => controller.abort(reason),
      })
      if (act.hang === 'before') setTimeout(() => controller.abort(reason), 20)
      await assert.rejects(reading, (error) => error === reason)
    }
    const reason = new Error('enough')
    const controller = new AbortController()
    const sleepy = open({
      retry: {
        attempts: 4,
        firstMs: 1,
        longestMs: 1,
        random: () => 1,
        sleep: async () => controller.abort(reason),
      },
    })
    server.seen.length = 0
    server.fault({ times: 9, act: { answer: 500 } })
    await assert.rejects(sleepy.get('abort', { signal: controller.signal }), (error) => error === reason)
    assert.equal(server.seen.length, 1)
  })

  it('does not read on once an object proves too large, and releases of its connection', async () => {
    start()
    const alone = await S3Server.start()
    const timeouts = { connectMs: 5000, idleMs: 24 * 60 * 60_000 }
    const own = new S3Store(parseS3Url(alone.url()), { credentials, timeouts })
    await own.put('huge', new Uint8Array(20_000_000), 'absent')
    await assert.rejects(own.get('huge', { maxBytes: 10 }), hasCode('store.too_large'))
    await unconnected(alone)
    await own.close()
    await alone.close()
  })

  for (const [status, code, type, ours] of [
    [403, 'AccessDenied', ForbiddenError, 'store.forbidden'],
    [401, 'Unauthorized', ForbiddenError, 'store.forbidden'],
    [301, 'PermanentRedirect', ConfigurationError, 'store.wrong_region'],
    [400, 'AuthorizationHeaderMalformed', ConfigurationError, 'store.wrong_region'],
    [501, 'NotImplemented', UnsupportedError, 'store.unsupported'],
    [400, 'InvalidRequest', UnsupportedError, 'store.unsupported'],
  ] as const)
    it(`calls ${status} ${code} ${ours}, in every operation and at once`, async () => {
      start()
      const version = await store.put(`typed/${code}`, text('1'), 'absent')
      server.seen.length = 0
      server.fault({ times: 9, act: { answer: status, code } })
      const attempts = [
        async () => store.get('key'),
        async () => store.put('key', text('1'), 'absent'),
        async () => store.put(`typed/${code}`, text('1'), version),
        async () => store.delete('key'),
        async () => firstOf(store.list('')),
      ]
      for (const attempt of attempts)
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof type && error instanceof TgsessionError)
          assert.equal(error.code, ours)
          assert.doesNotMatch(
            JSON.stringify([error.message, error.hint, String(error.cause)]),
            /the-secret-key/,
          )
          return true
        })
      assert.equal(server.seen.length, attempts.length)
    })

  it('says that nobody listens', async () => {
    start()
    const gone = await S3Server.start()
    const url = gone.url()
    await gone.close()
    const lost = new S3Store(parseS3Url(url), { credentials, retry: { ...noRetry } })
    await assert.rejects(
      lost.get('key'),
      (error) => isUnreachable(error) && /ECONNREFUSED/.test(String(error)),
    )
    await lost.close()
  })

  it('closes its connections', async () => {
    start()
    const alone = await S3Server.start()
    const own = new S3Store(parseS3Url(alone.url()), { credentials })
    await own.put('key', text('1'), 'absent')
    assert.equal(alone.connections, 1)
    await own.close()
    await unconnected(alone)
    await alone.close()
  })
})

const noRetry = { attempts: 1, firstMs: 0, longestMs: 0, sleep: async () => {}, random: () => 0 }
