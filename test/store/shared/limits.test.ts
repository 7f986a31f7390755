import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_RETRY } from '../../../src/base/retry.ts'
import { parseFirebaseUrl } from '../../../src/store/firebase/location.ts'
import { FirebaseStore } from '../../../src/store/firebase/firebase-store.ts'
import { HttpsReader } from '../../../src/store/http/https-reader.ts'
import { parseHttpsUrl } from '../../../src/store/http/location.ts'
import { parseS3Url } from '../../../src/store/s3/location.ts'
import { S3Store } from '../../../src/store/s3/s3-store.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { ANSWER_BYTES, Pages, steady } from '../../../src/store/shared/limits.ts'
import { readWholeBody } from '../../../src/store/shared/whole-body.ts'

const ONCE = { ...DEFAULT_RETRY, attempts: 1 }
const PIECE = Buffer.alloc(64 * 1024, ' ')

const listed = async (store: ObjectStore): Promise<void> => {
  for await (const _ of store.list('')) assert.ok(true)
}

describe('a service that means harm', () => {
  let server: Server
  let sent = 0
  let answer: (response: ServerResponse) => void
  let endpoint: string
  const opened: { close(): Promise<void> }[] = []

  /** Until the other side has enough. */
  const endlessly = (response: ServerResponse, status: number): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    sent = 0
    const pieces = function* (): Iterable<Uint8Array> {
      for (; sent < 20 * ANSWER_BYTES; sent += PIECE.length) yield PIECE
    }
    pipeline(Readable.from(pieces()), response, () => undefined)
  }

  before(async () => {
    server = createServer((request, response) => {
      request.resume()
      answer(response)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    endpoint = `http://127.0.0.1:${address.port}`
  })
  after(async () => {
    await Promise.all(opened.map((store) => store.close()))
    server.closeAllConnections()
    server.close()
  })

  const stores: Record<string, () => ObjectStore> = {
    s3: () =>
      new S3Store(parseS3Url(`s3://bucket/p?region=x&endpoint=${endpoint}`), {
        credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
        retry: ONCE,
      }),
    firebase: () =>
      new FirebaseStore(parseFirebaseUrl('firebase://bucket/p'), {
        access: { emulator: endpoint },
        retry: ONCE,
      }),
  }
  const open = (name: string): ObjectStore => {
    const store = stores[name]!()
    opened.push(store)
    return store
  }

  for (const name of Object.keys(stores)) {
    it(`costs ${name} a clear error: an error without an end`, async () => {
      answer = (response) => endlessly(response, 500)
      await assert.rejects(open(name).get('key'), { code: 'store.unreachable', exitCode: 69 })
      assert.ok(sent < 3 * ANSWER_BYTES, `${sent}`)
    })

    it(`costs ${name} a clear error: a page of a listing without an end`, async () => {
      answer = (response) => endlessly(response, 200)
      await assert.rejects(listed(open(name)), { code: 'store.unreachable' })
      assert.ok(sent < 3 * ANSWER_BYTES, `${sent}`)
    })

    it(`costs ${name} a clear error: a listing that does not go on`, async () => {
      let pages = 0
      answer = (response) => {
        pages += 1
        response.end(
          name === 's3'
            ? '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>'
            : '{"items": [], "nextPageToken": "x"}',
        )
      }
      await assert.rejects(listed(open(name)), { code: 'store.endless_listing', exitCode: 78 })
      assert.equal(pages, 2)
    })
  }

  it('costs firebase a clear error: JSON that is nested a hundred thousand deep', async () => {
    const deep = '{"items":'.repeat(100_000) + '1' + '}'.repeat(100_000)
    answer = (response) => response.end(deep)
    await listed(open('firebase'))
    answer = (response) => response.writeHead(403).end(deep)
    await assert.rejects(listed(open('firebase')), { code: 'store.forbidden' })
  })

  it('costs the reader of a file a clear error', async () => {
    const reader = new HttpsReader(parseHttpsUrl(`${endpoint}/main.session`), { retry: ONCE })
    opened.push(reader)
    answer = (response) => endlessly(response, 500)
    await assert.rejects(reader.get('main.session'), { code: 'store.unreachable' })
    answer = (response) => endlessly(response, 200)
    await assert.rejects(reader.get('main.session', { maxBytes: 1024 * 1024 }), { code: 'store.too_large' })
    assert.ok(sent < 3 * ANSWER_BYTES)
  })
})

describe('a listing', () => {
  it('has a thousand pages at most', () => {
    const pages = new Pages('store')
    for (let page = 0; page < 1000; page += 1) pages.next(page === 0 ? undefined : String(page))
    assert.throws(() => pages.next('1000'), { code: 'store.endless_listing' })
  })
})

/** So many bytes at a time, every so many seconds. */
async function* trickle(bytes: number, seconds: number, tick: (ms: number) => void) {
  for (let done = 0; done < 100; done += 1) {
    tick(seconds * 1000)
    yield new Uint8Array(bytes)
  }
}

const drained = async (bytes: number, seconds: number): Promise<number> => {
  let now = 0
  const tick = (ms: number): void => void (now += ms)
  let got = 0
  for await (const part of steady(trickle(bytes, seconds, tick), () => now)) got += part.length
  return got
}

describe('an answer that trickles', () => {
  it('is ended, however long each byte keeps it alive', async () => {
    await assert.rejects(drained(1, 1), { code: 'ETIMEDOUT' })
    await assert.rejects(drained(500, 10), { code: 'ETIMEDOUT' })
  })

  it('is none while it brings a KiB in a quarter of a minute', async () => {
    assert.equal(await drained(100, 1), 10_000)
    assert.equal(await drained(1024, 14), 102_400)
    const body = Readable.from([new Uint8Array(3)])
    const whole = await readWholeBody(body, 3, { label: 'store', key: 'key' }, {})
    assert.equal(whole.length, 3)
  })
})
