import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { TgsessionError } from '../../../src/base/errors.ts'
import { parseHttpsUrl } from '../../../src/store/http/location.ts'
import { HttpsReader, type HttpsReaderOptions } from '../../../src/store/http/https-reader.ts'
import { locateStore } from '../../../src/store/locate.ts'
import {
  type Answer,
  type Asked,
  HttpServer,
  makeCertificate,
  startProxy,
} from '../../support/store/http-server.ts'
import { missing } from '../../support/requires.ts'
import { hasCode, noting } from '../../support/store/failures.ts'

const KEY = 'main.session'
const octets = { 'content-type': 'application/octet-stream' }

describe('HttpsReader', () => {
  let server: HttpServer
  let other: HttpServer
  let pauses: number[]
  let routes: Record<string, Answer | ((asked: Asked) => Answer)>
  const opened: HttpsReader[] = []
  const serve = (asked: Asked): Answer => {
    const route = routes[asked.url.pathname] ?? { status: 404, body: '<html>not here' }
    return typeof route === 'function' ? route(asked) : route
  }
  const open = (target = `/${KEY}`, options: HttpsReaderOptions = {}): HttpsReader => {
    const made = new HttpsReader(parseHttpsUrl(server.origin + target), {
      timeouts: { connectMs: 30_000, idleMs: 1000 },
      retry: noting((ms) => pauses.push(ms)),
      ...options,
    })
    opened.push(made)
    return made
  }

  before(async () => {
    server = await HttpServer.start(serve)
    other = await HttpServer.start(serve)
  })
  beforeEach(() => {
    pauses = []
    for (const one of [server, other]) {
      one.clearFaults()
      one.seen.length = 0
    }
    routes = { [`/${KEY}`]: { status: 200, headers: { ...octets, etag: 'W/"v1"' }, body: 'the session' } }
  })
  after(async () => {
    for (const one of opened) await one.close()
    await server.close()
    await other.close()
  })

  it('reads the file, with its ETag as the version, and tells how far it is', async () => {
    const progress: unknown[] = []
    const found = await open().get(KEY, { onProgress: (done, total) => progress.push([done, total]) })
    assert.equal(Buffer.from(found!.bytes).toString(), 'the session')
    assert.equal(found!.version, 'v1')
    assert.deepEqual(progress.at(-1), [11, 11])
    assert.equal(server.seen[0]!.headers.authorization, undefined)
  })

  it('makes a version of the content where there is no ETag', async () => {
    routes[`/${KEY}`] = { status: 200, headers: octets, body: 'one' }
    const first = await open().get(KEY)
    assert.equal((await open().get(KEY))!.version, first!.version)
    routes[`/${KEY}`] = { status: 200, headers: octets, body: 'two' }
    assert.notEqual((await open().get(KEY))!.version, first!.version)
  })

  it('takes 404 and 410 for "not there", and nothing else', async () => {
    for (const status of [404, 410]) {
      routes[`/${KEY}`] = { status }
      assert.equal(await open().get(KEY), null)
    }
    await assert.rejects(open().get('other.session'), hasCode('store.bad_key'))
  })

  for (const [name, answer, code] of [
    ['401', { status: 401 }, 'store.forbidden'],
    ['403', { status: 403, body: '<Error>AccessDenied' }, 'store.forbidden'],
    ['a page', { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } }, 'store.web_page'],
    ['a page in disguise', { status: 200, headers: octets, body: '\n<!DOCTYPE HTML>' }, 'store.web_page'],
    ['204', { status: 204 }, 'store.unsupported'],
    ['400', { status: 400 }, 'store.unsupported'],
    ['an unknown packing', { status: 200, headers: { 'content-encoding': 'br' } }, 'store.unsupported'],
    ['a login page', { status: 302, headers: { location: '/accounts/login?next=x' } }, 'store.login_page'],
    [
      'another login page',
      { status: 302, headers: { location: 'https://accounts.google.com/v3/x' } },
      'store.login_page',
    ],
    ['a redirect to nowhere', { status: 302 }, 'store.bad_redirect'],
    [
      'a redirect out of TLS',
      { status: 301, headers: { location: 'http://example.org/' } },
      'store.bad_redirect',
    ],
    ['a redirect to itself', { status: 302, headers: { location: `/${KEY}` } }, 'store.bad_redirect'],
  ] as [string, Answer, string][])
    it(`calls ${name} ${code}, at once and without what opens it`, async () => {
      routes[`/${KEY}`] = answer
      const reader = open(`/${KEY}?token=hush-hush`, { authorization: 'Bearer hush-hush' })
      await assert.rejects(reader.get(KEY), (error) => {
        assert.ok(error instanceof TgsessionError)
        assert.equal(error.code, code)
        assert.ok(error.message.includes(reader.label))
        assert.doesNotMatch(`${error.stack} ${error.hint} ${String(error.cause)}`, /hush-hush/)
        return true
      })
      assert.deepEqual(pauses, [])
    })

  it('follows redirects, and gives the authorization to nobody else, not even on the way back', async () => {
    routes['/a'] = { status: 302, headers: { location: `/b` } }
    routes['/b'] = { status: 307, headers: { location: `${other.origin}/c` } }
    routes['/c'] = { status: 303, headers: { location: `${server.origin}/${KEY}` } }
    const reader = open('/a', { authorization: 'Bearer hush-hush' })
    assert.equal(Buffer.from((await reader.get('a'))!.bytes).toString(), 'the session')
    assert.deepEqual(
      [...server.seen, ...other.seen].map(({ url, headers }) => `${url.pathname} ${headers.authorization}`),
      ['/a Bearer hush-hush', '/b Bearer hush-hush', `/${KEY} undefined`, '/c undefined'],
    )
  })

  it('unpacks gzip, and counts what comes out of it', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const headers = { ...octets, 'content-encoding': 'gzip' }
    routes[`/${KEY}`] = ({ headers: asked }) => {
      assert.equal(asked['accept-encoding'], 'gzip')
      return { status: 200, headers, body: gzipSync('packed session') }
    }
    assert.equal(await read(open()), 'packed session')
    routes[`/${KEY}`] = { status: 200, headers, body: bomb }
    let most = 0
    const reading = open().get(KEY, { maxBytes: 100_000, onProgress: (done) => void (most = done) })
    await assert.rejects(reading, hasCode('store.too_large'))
    assert.ok(bomb.length < 100_000 && most <= 100_000, `${most} of ${bomb.length}`)
    routes[`/${KEY}`] = { status: 200, headers, body: gzipSync('cut short').subarray(0, 15) }
    await assert.rejects(read(open()), hasCode('store.unreachable'))
  })

  it('stops at the size that is told beforehand', async () => {
    routes[`/${KEY}`] = { status: 200, headers: octets, body: Buffer.alloc(1000) }
    assert.equal((await open().get(KEY, { maxBytes: 1000 }))!.bytes.length, 1000)
    await assert.rejects(open().get(KEY, { maxBytes: 999 }), hasCode('store.too_large'))
  })

  it('tries again after 500, 429, a cut and a silence, as Retry-After asks', async () => {
    server.fault({ act: { answer: { status: 500 } } })
    server.fault({ act: { answer: { status: 429, headers: { 'retry-after': '9' } } } })
    const dates = { date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }
    server.fault({ act: { answer: { status: 503, headers: dates } } })
    assert.equal(await read(open()), 'the session')
    assert.deepEqual(pauses, [100, 9000, 5000])
    for (const act of [{ cut: 'before' }, { cut: 'body' }, { hang: 'body' }, { hang: 'before' }] as const) {
      server.fault({ act })
      assert.equal(await read(open()), 'the session')
    }
  })

  it('gives up after its tries, or when asked to wait too long', async () => {
    server.fault({ times: 4, act: { answer: { status: 503 } } })
    await assert.rejects(read(open()), hasCode('store.unreachable'))
    assert.equal(server.seen.length, 4)
    server.fault({ act: { answer: { status: 503, headers: { 'retry-after': '86400' } } } })
    await assert.rejects(
      read(open()),
      (error) =>
        error instanceof TgsessionError && error.code === 'store.unreachable' && /86400 s/.test(error.hint),
    )
    assert.equal(server.seen.length, 5)
  })

  it('stops at an abort, before and in the middle', async () => {
    const reason = new Error('enough')
    await assert.rejects(open().get(KEY, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
    assert.equal(server.seen.length, 0)
    for (const act of [{ hang: 'before' }, { hang: 'body' }] as const) {
      const controller = new AbortController()
      server.fault({ act })
      const reader = open(`/${KEY}`, { timeouts: { connectMs: 5000, idleMs: 60_000 } })
      setTimeout(() => controller.abort(reason), 30)
      await assert.rejects(reader.get(KEY, { signal: controller.signal }), (error) => error === reason)
    }
  })

  it('says that nobody listens, or that the proxy refuses', async () => {
    const gone = await HttpServer.start(() => ({ status: 200 }))
    const url = `${gone.origin}/${KEY}`
    await gone.close()
    const lost = new HttpsReader(parseHttpsUrl(url), { retry: noRetry })
    await assert.rejects(
      lost.get(KEY),
      (error) => hasCode('store.unreachable')(error) && /ECONNREFUSED/.test(String(error)),
    )
    await lost.close()
    const proxy = await startProxy(1, 407)
    const through = new HttpsReader(parseHttpsUrl(`https://example.org/${KEY}`), {
      proxy: { https: proxy.url },
      retry: noRetry,
    })
    await assert.rejects(
      through.get(KEY),
      (error) => hasCode('store.unreachable')(error) && /proxy/.test(String(error)),
    )
    assert.deepEqual(proxy.seen, ['example.org:443'])
    await through.close()
    await proxy.close()
  })
})

describe('HttpsReader over TLS', { skip: missing.command('openssl', 'version') }, () => {
  const script = `
    const { locateStore } = await import(${JSON.stringify(path.resolve('src/store/locate.ts'))})
    const { openPlainObject } = await import(${JSON.stringify(path.resolve('src/store/plain/plain-object.ts'))})
    const object = await openPlainObject(locateStore(process.env))
    try {
      process.stdout.write(Buffer.from((await object.get()).bytes))
    } catch (error) {
      process.stdout.write(error.code + ' ' + error.message + ' ' + error.hint)
    }
    await object.close()`
  const run = async (env: Record<string, string>): Promise<string> => {
    const all = { PATH: process.env['PATH'] ?? '', ...env }
    const args = ['--input-type=module', '-e', script]
    return (await promisify(execFile)(process.execPath, args, { env: all })).stdout
  }

  it('goes through a proxy, unless NO_PROXY names the host, and names what is wrong with a certificate', async (t) => {
    const certificate = makeCertificate('files.example.org', '127.0.0.1')
    t.after(() => certificate.remove())
    const body = 'the session'
    const server = await HttpServer.start(() => ({ status: 200, headers: octets, body }), certificate)
    t.after(async () => server.close())
    const proxy = await startProxy(server.port)
    t.after(async () => proxy.close())
    const trusted = {
      NODE_EXTRA_CA_CERTS: certificate.file,
      HTTPS_PROXY: proxy.url.replace('//', '//me:hush%20hush@'),
    }
    const store = { TGSESSION_STORE: 'https://files.example.org/a/main.session?sig=1' }
    const authorization = { TGSESSION_HTTPS_AUTHORIZATION: 'Bearer token' }
    assert.equal(await run({ ...trusted, ...store, ...authorization }), body)
    assert.deepEqual(proxy.seen, ['files.example.org:443'])
    assert.equal(proxy.authorizations[0], `Basic ${Buffer.from('me:hush hush').toString('base64')}`)
    assert.equal(server.seen[0]!.headers.authorization, 'Bearer token')
    assert.equal(server.seen[0]!.url.search, '?sig=1')

    const direct = { ...trusted, TGSESSION_STORE: `${server.origin}/main.session`, NO_PROXY: 'x.org' }
    assert.equal(await run(direct), body)
    assert.equal(proxy.seen.length, 1)
    assert.match(await run({ ...trusted, ...store, NO_PROXY: '.example.org' }), /^store\.unreachable/)
    assert.equal(proxy.seen.length, 1)

    const { NODE_EXTRA_CA_CERTS: _, ...untrusted } = trusted
    assert.match(
      await run({ ...untrusted, ...store }),
      /^store\.untrusted .*SELF_SIGNED.*NODE_EXTRA_CA_CERTS/,
    )
    const other = { TGSESSION_STORE: 'https://other.example.org/main.session' }
    assert.match(await run({ ...trusted, ...other }), /^store\.untrusted .*check the host/)
  })
})

describe('the address of a session file', () => {
  it('is an HTTPS URL, or an HTTP one of this machine; its label keeps what opens it to itself', () => {
    const { url, key, label } = parseHttpsUrl('https://host:8443/hush/main%20one.session.age?sig=hush#x')
    assert.equal(url.href, 'https://host:8443/hush/main%20one.session.age?sig=hush')
    assert.equal(key, 'main one.session.age')
    assert.equal(label, 'https://host:8443/…/main one.session.age')
    assert.equal(parseHttpsUrl('http://localhost:1/main.session').label, 'http://localhost:1/main.session')
  })

  for (const [url, problem, hint] of [
    ['https://me:hush-hush@host/main.session', /user or a password/, /TGSESSION_HTTPS_AUTHORIZATION/],
    ['http://host/main.session?t=hush-hush', /in the clear/, /https/],
    ['http://127.0.0.1.example.org/main.session', /in the clear/, /https/],
    ['https://host/?t=hush-hush', /no file/, /main\.session/],
    ['https://host/%zz', /%/, /main\.session/],
    ['ftp://host/main.session', /https/, /main\.session/],
  ] as const)
    it(`is not ${url}, and no secret is repeated`, () => {
      assert.throws(
        () => parseHttpsUrl(url),
        (error) => {
          assert.ok(hasCode('store.bad_url')(error) && error instanceof TgsessionError)
          assert.match(error.message, problem)
          assert.match(error.hint, hint)
          assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
          return true
        },
      )
    })

  it('brings authorization and proxy from the environment, checked', () => {
    const env = { TGSESSION_STORE: 'https://host/main.session' }
    const all = {
      ...env,
      TGSESSION_HTTPS_AUTHORIZATION: 'Bearer x',
      HTTP_PROXY: 'proxy:3128',
      https_proxy: 'https://proxy',
      HTTPS_PROXY: 'http://not-this',
      no_proxy: 'a,.b',
    }
    assert.deepEqual(locateStore(all), {
      url: env.TGSESSION_STORE,
      source: 'TGSESSION_STORE',
      authorization: 'Bearer x',
      proxy: { http: 'http://proxy:3128/', https: 'https://proxy/', no: 'a,.b' },
    })
    for (const [name, value, code] of [
      ['TGSESSION_HTTPS_AUTHORIZATION', 'hush-hush', 'store.bad_authorization'],
      ['TGSESSION_HTTPS_AUTHORIZATION', 'Bearer hush-hush\r\nX: y', 'store.bad_authorization'],
      ['HTTPS_PROXY', 'socks5://hush-hush@host', 'store.bad_proxy'],
      ['http_proxy', 'http://', 'store.bad_proxy'],
    ] as const)
      assert.throws(
        () => locateStore({ ...env, [name]: value }),
        (error) => hasCode(code)(error) && error instanceof Error && !/hush-hush/.test(String(error.stack)),
      )
  })
})

const noRetry = { attempts: 1, firstMs: 0, longestMs: 0, sleep: async () => {}, random: () => 0 }

async function read(reader: HttpsReader): Promise<string | null> {
  const found = await reader.get(KEY)
  return found && Buffer.from(found.bytes).toString()
}
