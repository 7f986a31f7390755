import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import {
  ConfigurationError,
  ForbiddenError,
  TgsessionError,
  UnsupportedError,
} from '../../../src/base/errors.ts'
import { parseFirebaseUrl } from '../../../src/store/firebase/location.ts'
import { FirebaseStore, type FirebaseStoreOptions } from '../../../src/store/firebase/firebase-store.ts'
import { probeConditions } from '../../../src/store/probe.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'
import { GcsServer, refusal } from '../../support/store/gcs-server.ts'
import {
  firstOf,
  hasCode,
  isConflict,
  isUnreachable,
  noting,
  unconnected,
} from '../../support/store/failures.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

storeContract(
  'firebase, in this process',
  async () => {
    const server = await GcsServer.start({ pageSize: 10 })
    const open = (): FirebaseStore =>
      new FirebaseStore(parseFirebaseUrl('firebase://bucket/some/prefix'), {
        access: { emulator: server.origin },
      })
    return { store: open(), another: async () => open(), close: async () => server.close() }
  },
  { large: true },
)

const openAt = (origin: string, bucket = 'bucket', options: FirebaseStoreOptions = {}): FirebaseStore =>
  new FirebaseStore(parseFirebaseUrl(`firebase://${bucket}`), { access: { emulator: origin }, ...options })

troubleContract('firebase, in this process', async () => {
  const server = await GcsServer.start()
  const guarded = await GcsServer.start({ token: 'only-this-one' })
  return {
    missing: async () => openAt(server.origin, 'nowhere'),
    refused: { open: async () => openAt(guarded.origin), secrets: [] },
    network: {
      url: server.origin,
      open: async (port, { retry, waitMs }) =>
        openAt(`http://127.0.0.1:${port}`, 'bucket', {
          retry,
          timeouts: { connectMs: waitMs, idleMs: waitMs },
        }),
    },
    close: async () => {
      await server.close()
      await guarded.close()
    },
  }
})

describe('FirebaseStore when things go wrong', () => {
  let server: GcsServer
  let store: FirebaseStore
  let pauses: number[]
  let open: (options?: FirebaseStoreOptions, bucket?: string) => FirebaseStore
  const opened: FirebaseStore[] = []

  before(async () => {
    server = await GcsServer.start()
    open = (options = {}, bucket = 'bucket') => {
      const made = new FirebaseStore(parseFirebaseUrl(`firebase://${bucket}`), {
        access: { emulator: server.origin },
        timeouts: { connectMs: 30_000, idleMs: 1000 },
        retry: noting((ms) => pauses.push(ms)),
        ...options,
      })
      opened.push(made)
      return made
    }
    store = open()
  })
  afterEach(() => server.clearFaults())
  after(async () => {
    for (const one of opened) await one.close()
    await server.close()
  })
  const start = (): void => {
    pauses = []
    server.seen.length = 0
  }

  it('passes the probe of conditional writes', async () => {
    start()
    assert.deepEqual(await probeConditions(store, { suffix: 'x' }), { ok: true })
  })

  it('sends the generation as the condition, 0 for "absent", and reads both in one request', async () => {
    start()
    const version = await store.put('plain', text('1'), 'absent')
    await store.put('plain', text('2'), version)
    await store.get('plain')
    assert.deepEqual(
      server.seen.map(({ method, url }) => `${method} ${url.searchParams.get('ifGenerationMatch')}`),
      ['POST 0', `POST ${version}`, 'GET null'],
    )
    assert.match(version, /^\d+$/)
  })

  it('tries again after 500, 503, 429 and a cut connection, with growing pauses', async () => {
    start()
    await store.put('again', text('1'), 'absent')
    server.fault({ act: { answer: refusal(500, 'backendError', '') } })
    server.fault({ act: { answer: { status: 503, body: 'busy' } } })
    server.fault({ act: { answer: refusal(429, 'rateLimitExceeded', '') } })
    assert.equal((await store.get('again'))?.bytes.length, 1)
    assert.deepEqual(pauses, [100, 200, 400])
    server.fault({ act: { cut: 'before' } })
    server.fault({ act: { answer: refusal(403, 'rateLimitExceeded', 'slower') } })
    assert.equal((await store.get('again'))?.bytes.length, 1)
  })

  it('waits as long as Retry-After asks, and gives up at once where that is too long', async () => {
    start()
    server.fault({ act: busy('7') })
    await store.get('nothing')
    assert.deepEqual(pauses, [7000])
    start()
    server.fault({ act: busy('3600') })
    await assert.rejects(store.get('nothing'), isUnreachable)
    assert.equal(server.seen.length, 1)
  })

  it('gives up after its tries, and never says "not there"', async () => {
    start()
    server.fault({ times: 4, act: { answer: { status: 503 } } })
    await assert.rejects(store.get('nothing'), isUnreachable)
    assert.equal(server.seen.length, 4)
    server.fault({ times: 4, act: { cut: 'before' } })
    await assert.rejects(store.get('nothing'), isUnreachable)
    assert.equal(await store.get('nothing'), null)
  })

  it('reads again what was cut short, stood still or was damaged in the middle', async () => {
    start()
    const body = text('x'.repeat(100_000))
    await store.put('long', body, 'absent')
    server.fault({ method: 'GET', act: { cut: 'body' } })
    server.fault({ method: 'GET', act: { hang: 'body' } })
    const headers = {
      'x-goog-generation': '5',
      'x-goog-hash': 'crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA==',
    }
    server.fault({ method: 'GET', act: { answer: { status: 200, headers, body: 'damaged' } } })
    assert.equal((await store.get('long'))?.bytes.length, body.length)
    assert.equal(pauses.length, 3)
  })

  it('reads an object that was stored packed as the service unpacks it', async () => {
    start()
    server.place('packed', 'unpacked bytes', 'gzip')
    assert.equal(Buffer.from((await store.get('packed'))!.bytes).toString(), 'unpacked bytes')
  })

  it('knows no outcome of a write that lands after it gave up', async () => {
    start()
    const { promise: wait, resolve: land } = Promise.withResolvers<void>()
    server.fault({ method: 'POST', times: 4, act: { wait } })
    await assert.rejects(store.put('late', text('1'), 'absent'), isUnreachable)
    assert.equal(await store.get('late'), null)
    land()
    await wait
    assert.equal((await store.get('late'))?.bytes.length, 1)
  })

  it('takes no foreign 404 for "not there", but asks the listing', async () => {
    start()
    const foreign = { answer: { status: 404, body: '<html>Not Found</html>' } }
    server.fault({ act: foreign })
    assert.equal(await store.get('not-there'), null)
    assert.equal(server.seen.length, 2)
    await store.put('there', text('1'), 'absent')
    for (const attempt of [async () => store.get('there'), async () => store.delete('there')]) {
      server.fault({ act: foreign })
      await assert.rejects(attempt, isUnreachable)
    }
    server.fault({ times: 2, act: foreign })
    await assert.rejects(store.get('there'), hasCode('store.not_found'))
    assert.equal(server.peek('there')?.toString(), '1')
  })

  it('reports a conflict with itself where the first answer to its write was lost', async () => {
    start()
    const lost = { status: 500 }
    for (const act of [{ cut: 'after' }, { hang: 'after' }, { doThenAnswer: lost }] as const) {
      const key = `lost/${JSON.stringify(act)}`
      server.fault({ method: 'POST', act })
      await assert.rejects(store.put(key, text('mine'), 'absent'), isConflict)
      const found = await store.get(key)
      assert.equal(server.peek(key)?.toString(), 'mine')
      server.fault({ method: 'POST', act })
      await assert.rejects(store.put(key, text('mine again'), found!.version), isConflict)
      assert.equal(server.peek(key)?.toString(), 'mine again')
    }
  })

  it('stops at an abort: while waiting, in a body, in an upload, and between tries', async () => {
    start()
    const patient = open({ timeouts: { connectMs: 5000, idleMs: 60_000 } })
    await patient.put('abort', text('x'.repeat(100_000)), 'absent')
    for (const [act, method] of [
      [{ hang: 'before' }, 'GET'],
      [{ hang: 'body' }, 'GET'],
      [{ hang: 'before' }, 'POST'],
      [{ hang: 'before' }, 'DELETE'],
    ] as const) {
      const reason = new Error('enough')
      const controller = new AbortController()
      const { signal } = controller
      server.fault({ method, act })
      setTimeout(() => controller.abort(reason), 30)
      const running =
        method === 'GET'
          ? patient.get('abort', { signal })
          : method === 'POST'
            ? patient.put('new', text('1'), 'absent', { signal })
            : patient.delete('abort', { signal })
      await assert.rejects(running, (error) => error === reason)
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
    server.fault({ times: 9, act: { answer: { status: 500 } } })
    await assert.rejects(sleepy.get('abort', { signal: controller.signal }), (error) => error === reason)
    assert.equal(server.seen.length, 1)
  })

  it('does not read on once an object proves too large, and releases of its connection', async () => {
    start()
    const alone = await GcsServer.start()
    const own = open({ access: { emulator: alone.origin }, timeouts: { connectMs: 5000, idleMs: 60_000 } })
    alone.place('huge', Buffer.alloc(20_000_000))
    await assert.rejects(own.get('huge', { maxBytes: 10 }), hasCode('store.too_large'))
    await unconnected(alone)
    await alone.close()
  })

  for (const [status, reason, message, type, ours] of [
    [403, 'forbidden', 'does not have storage.objects.get access', ForbiddenError, 'store.forbidden'],
    [401, 'authError', 'Invalid Credentials', ForbiddenError, 'store.forbidden'],
    [402, 'required', 'Payment Required', ForbiddenError, 'store.billing'],
    [
      403,
      'accountDisabled',
      'The billing account is disabled in state absent',
      ForbiddenError,
      'store.billing',
    ],
    [403, 'forbidden', 'upgrade to the Blaze plan', ForbiddenError, 'store.billing'],
    [400, 'invalid', 'Invalid argument', UnsupportedError, 'store.unsupported'],
    [501, 'notImplemented', 'no', UnsupportedError, 'store.unsupported'],
    [302, '', 'elsewhere', UnsupportedError, 'store.unsupported'],
  ] as const)
    it(`calls ${status} ${reason} ("${message}") ${ours}, in every operation and at once`, async () => {
      start()
      server.place('typed', '1')
      const version = (await store.get('typed'))!.version
      server.seen.length = 0
      server.fault({ times: 9, act: { answer: refusal(status, reason, message) } })
      const attempts = [
        async () => store.get('key'),
        async () => store.put('key', text('1'), 'absent'),
        async () => store.put('typed', text('1'), version),
        async () => store.delete('key'),
        async () => firstOf(store.list('')),
      ]
      for (const attempt of attempts)
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof type && error instanceof TgsessionError)
          assert.equal(error.code, ours)
          assert.ok(error.message.includes('firebase://bucket'))
          assert.notEqual(error.hint, '')
          return true
        })
      assert.equal(server.seen.length, attempts.length)
    })

  it('says that the bucket is not there, and what it may be called instead', async () => {
    start()
    for (const [bucket, hint] of [
      ['my-app.appspot.com', /my-app\.firebasestorage\.app/],
      ['my-app.firebasestorage.app', /my-app\.appspot\.com/],
      ['my-app', /<project>\.firebasestorage\.app.*<project>\.appspot\.com/],
    ] as const) {
      const lost = open({}, bucket)
      for (const attempt of [
        async () => lost.get('key'),
        async () => lost.put('key', text('1'), 'absent'),
        async () => lost.delete('key'),
        async () => firstOf(lost.list('')),
      ])
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.equal(error.code, 'store.not_found')
          assert.match(error.hint, hint)
          return true
        })
    }
  })

  it('takes no answer without a generation', async () => {
    start()
    server.fault({ act: { answer: { status: 200, body: 'hello from a web site' } } })
    await assert.rejects(store.get('key'), hasCode('store.unsupported'))
    server.fault({ act: { answer: { status: 200, body: 'ok' } } })
    await assert.rejects(store.put('key', text('1'), 'absent'), hasCode('store.unsupported'))
  })

  it('says that nobody listens, and closes its connections', async () => {
    start()
    const gone = await GcsServer.start()
    const access = { emulator: gone.origin }
    const lost = open({ access })
    await lost.put('key', text('1'), 'absent')
    assert.equal(gone.connections, 1)
    await lost.close()
    await unconnected(gone)
    await gone.close()
    const late = open({ access })
    await assert.rejects(
      late.get('key'),
      (error) => isUnreachable(error) && /ECONNREFUSED/.test(String(error)),
    )
  })
})

function busy(seconds: string): { answer: { status: number; headers: Record<string, string> } } {
  return { answer: { status: 503, headers: { 'retry-after': seconds } } }
}
