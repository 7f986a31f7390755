import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { ConfigurationError, ConflictError, RefusedError, UnreachableError } from '../../src/base/errors.ts'
import { json, text } from '../../src/http/answer.ts'
import { HttpServer, type HttpServerOptions, type Route } from '../../src/http/server.ts'
import { ask, bearer } from '../support/http/ask.ts'

const TOKEN = 'a-token-that-is-long-enough-to-be-one'
const LOCAL = { host: '127.0.0.1', port: 0 }

const routes: Record<string, Route> = {
  '/': { access: 'document', method: 'GET', answer: () => text(200, 'shell') },
  '/app.js': { access: 'shell', method: 'GET', answer: () => text(200, 'script') },
  '/healthz': { access: 'probe', method: 'GET', answer: () => text(200, 'ok') },
  '/api/state': { access: 'token', method: 'GET', answer: () => json(200, { secret: 'shown' }) },
  '/api/echo': { access: 'token', method: 'POST', answer: ({ body }) => json(200, { body }) },
  '/api/fails': {
    access: 'token',
    method: 'GET',
    answer: () => {
      throw new Error('postgres://user:password@host')
    },
  },
  '/api/refuses': {
    access: 'token',
    method: 'GET',
    answer: ({ header }) => {
      const kinds = { conflict: ConflictError, refused: RefusedError, unreachable: UnreachableError }
      const [, Kind] = Object.entries(kinds).find(([name]) => name === header('x-kind'))!
      throw new Kind('some.code', 'what happened', { hint: 'what to do' })
    },
  },
}

describe('the server', () => {
  let server: HttpServer
  const errors: Error[] = []
  const start = async (rest: Partial<HttpServerOptions> = {}): Promise<number> => {
    server = await HttpServer.start({
      address: LOCAL,
      token: TOKEN,
      behindTls: false,
      routes,
      clock: systemClock,
      onError: (error) => errors.push(error),
      ...rest,
    })
    return server.address.port
  }
  let port: number
  beforeEach(async () => {
    errors.length = 0
    port = await start()
  })
  afterEach(() => server.close())

  it('answers what is there, HEAD as GET without a body, and says what is not asked in that way', async () => {
    const got = await ask(port, '/')
    assert.deepEqual([got.status, got.body], [200, 'shell\n'])
    const head = await ask(port, '/', { method: 'HEAD' })
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '6'])
    for (const path of ['/no', '//', '/api/state/', '/../etc/passwd', '/constructor', '/__proto__'])
      assert.equal((await ask(port, path, { headers: bearer(TOKEN) })).status, 404, path)
    const posted = await ask(port, '/', { method: 'POST', json: {} })
    assert.deepEqual([posted.status, posted.headers['allow']], [405, 'GET, HEAD'])
    assert.equal((await ask(port, '/api/echo', { headers: bearer(TOKEN) })).headers['allow'], 'POST')
    const options = await ask(port, '/api/state', {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.test' },
    })
    assert.equal(options.status, 405)
    assert.equal(options.headers['access-control-allow-origin'], undefined)
  })

  it('gives every answer, refusals too, the headers that keep it to itself', async () => {
    for (const path of ['/', '/no', '/api/state', '/healthz']) {
      const { headers } = await ask(port, path)
      assert.equal(headers['cache-control'], 'no-store', path)
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|\*|data:|http/)
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['x-frame-options'], 'DENY')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['set-cookie'], undefined)
      assert.equal(headers['strict-transport-security'], undefined)
    }
  })

  it('wants the token as a header, and nowhere else', async () => {
    const good = await ask(port, '/api/state', { headers: bearer(TOKEN) })
    assert.deepEqual([good.status, good.body], [200, '{"secret":"shown"}'])
    const wrong = [
      {},
      bearer(''),
      bearer(`${TOKEN}x`),
      bearer(TOKEN.slice(1)),
      bearer(`${TOKEN}, Bearer ${TOKEN}`),
      { Authorization: TOKEN },
      { Authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}` },
      { Cookie: `token=${TOKEN}` },
      { 'X-Auth-Token': TOKEN },
    ]
    for (const headers of wrong) {
      const { status, body } = await ask(port, '/api/state', { headers })
      assert.equal(status, 401, JSON.stringify(headers))
      assert.ok(!body.includes('shown') && !body.includes(TOKEN))
    }
    for (const path of [
      `/api/state?token=${TOKEN}`,
      `/api/state/${TOKEN}`,
      `/${TOKEN}`,
      `/?t=${TOKEN}`,
      '/?',
    ]) {
      const { status, body } = await ask(port, path, { headers: bearer(TOKEN) })
      assert.equal(status, 404, 'a path or query with a token in it is nothing')
      assert.ok(!body.includes(TOKEN))
    }
  })

  it('stops listening to wrong tokens after ten, and always to the right one', async () => {
    let now = 0
    await server.close()
    port = await start({ clock: { ...systemClock, now: () => now } })
    const wrong = async (): Promise<number> =>
      (await ask(port, '/api/state', { headers: bearer('wrong-'.repeat(6)) })).status
    const right = async (): Promise<number> =>
      (await ask(port, '/api/state', { headers: bearer(TOKEN) })).status
    const statuses: number[] = []
    for (let tries = 0; tries < 1000; tries++) statuses.push(await wrong())
    assert.deepEqual([statuses.indexOf(429), new Set(statuses.slice(10)).size], [10, 1])
    assert.equal(await right(), 200)
    now += 6_000
    assert.deepEqual([await wrong(), await wrong(), await right()], [401, 429, 200])
  })

  it('refuses everybody where no token is set', async () => {
    await server.close()
    port = await start({ token: undefined })
    for (const headers of [{}, bearer(''), bearer('undefined'), bearer(TOKEN)])
      assert.equal((await ask(port, '/api/state', { headers })).status, 401)
    assert.equal((await ask(port, '/healthz')).status, 200)
  })

  it('answers on loopback by the names of this machine only, so that no other name can be made to lead here', async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      assert.equal((await ask(port, '/', { headers: { Host: host } })).status, 200, host)
    for (const host of [
      'evil.test',
      `evil.test:${port}`,
      'localhost',
      `localhost:${port + 1}`,
      `a@b:${port}`,
    ])
      assert.equal((await ask(port, '/', { headers: { Host: host } })).status, 421, host)
    const state = await ask(port, '/api/state', { headers: { Host: 'evil.test', ...bearer(TOKEN) } })
    assert.deepEqual([state.status, state.body.includes('shown')], [421, false])
  })

  it('answers no other page, no frame, and no form', async () => {
    const right = bearer(TOKEN)
    const own = { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' }
    assert.equal(
      (await ask(port, '/api/echo', { method: 'POST', json: 1, headers: { ...right, ...own } })).status,
      200,
    )
    const foreign = [
      { Origin: 'https://evil.test' },
      { Origin: 'null' },
      { Origin: `http://localhost:${port}` },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'none' },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
    ]
    for (const headers of foreign) {
      const posted = await ask(port, '/api/echo', {
        method: 'POST',
        json: 1,
        headers: { ...right, ...headers },
      })
      assert.equal(posted.status, 403, JSON.stringify(headers))
    }
    const link = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    }
    assert.equal((await ask(port, '/', { headers: link })).status, 200, 'a link may lead to the empty shell')
    assert.equal((await ask(port, '/', { headers: { ...link, 'Sec-Fetch-Dest': 'iframe' } })).status, 403)
    assert.equal((await ask(port, '/app.js', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 403)
  })

  it('speaks in clear behind a router only to probes', async () => {
    await server.close()
    port = await start({ address: { host: '0.0.0.0', port: 0 }, behindTls: true })
    const app = { Host: 'app.test' }
    const tls = { ...app, 'X-Forwarded-Proto': 'https' }
    assert.equal((await ask(port, '/healthz')).status, 200)
    for (const proto of [{}, { 'X-Forwarded-Proto': 'http' }, { 'X-Forwarded-Proto': 'https, http' }]) {
      assert.equal(
        (await ask(port, '/api/state', { headers: { ...app, ...proto, ...bearer(TOKEN) } })).status,
        403,
      )
      const moved = await ask(port, '/', { headers: { ...app, ...proto } })
      assert.deepEqual([moved.status, moved.headers['location']], [308, 'https://app.test/'])
    }
    const good = await ask(port, '/api/state', {
      headers: { ...tls, ...bearer(TOKEN), Origin: 'https://app.test' },
    })
    assert.equal(good.status, 200)
    assert.match(String(good.headers['strict-transport-security']), /max-age/)
    const inner = { ...tls, Host: 'inner:8080', 'X-Forwarded-Host': 'app.test', Origin: 'https://app.test' }
    assert.equal((await ask(port, '/api/state', { headers: { ...inner, ...bearer(TOKEN) } })).status, 200)
    assert.equal(
      (await ask(port, '/api/state', { headers: { ...tls, ...bearer(TOKEN), Origin: 'http://app.test' } }))
        .status,
      403,
    )
    for (const host of ['evil.test/x', 'evil.test\\@app.test', 'a b'])
      assert.equal((await ask(port, '/', { headers: { Host: host } })).status, 421)
  })

  it('reads JSON that says that it is, and not much of it', async () => {
    const echo = (how: object): ReturnType<typeof ask> =>
      ask(port, '/api/echo', { method: 'POST', headers: bearer(TOKEN), ...how })
    assert.equal((await echo({ json: { a: 'ü' } })).body, '{"body":{"a":"ü"}}')
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
      assert.equal(
        (await echo({ raw: '{}', headers: { ...bearer(TOKEN), 'Content-Type': type } })).status,
        400,
        type,
      )
    assert.equal(
      (await echo({ raw: '{', headers: { ...bearer(TOKEN), 'Content-Type': 'application/json' } })).status,
      400,
    )
    const long = await echo({ json: 'x'.repeat(5000) }).catch((error: unknown) => error)
    assert.ok(
      long instanceof Error || (typeof long === 'object' && long && 'status' in long && long.status === 400),
    )
    assert.equal((await ask(port, '/api/state', { headers: bearer(TOKEN) })).status, 200)
  })

  it('tells a failure of ours in its words, and of any other nothing', async () => {
    const failed = await ask(port, '/api/fails', { headers: bearer(TOKEN) })
    assert.equal(failed.status, 500)
    assert.doesNotMatch(failed.body, /postgres|password|stack|at /)
    assert.equal(errors.length, 1)
    assert.doesNotMatch(String(errors[0]?.stack ?? errors[0]), /postgres|password/)
    for (const [kind, status] of [
      ['conflict', 409],
      ['refused', 409],
      ['unreachable', 503],
    ] as const) {
      const told = await ask(port, '/api/refuses', { headers: { ...bearer(TOKEN), 'X-Kind': kind } })
      assert.equal(told.status, status)
      assert.deepEqual(JSON.parse(told.body), {
        error: { code: 'some.code', message: 'what happened', hint: 'what to do' },
      })
    }
  })

  it('answers no nonsense, and goes on', async () => {
    for (const line of [
      'GET http://evil.test/ HTTP/1.1\r\nHost: evil.test',
      'BREW / HTTP/1.1',
      'GET / HTTP/1.1\r\nX: ' + 'y'.repeat(9000),
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.write(`${line}\r\n\r\n`)
      const parts: Buffer[] = []
      socket.on('data', (part: Buffer) => parts.push(part))
      socket.on('error', () => undefined)
      socket.setTimeout(2000, () => socket.end())
      await once(socket, 'close')
      assert.match(Buffer.concat(parts).toString(), /^HTTP\/1\.1 4\d\d/, line.slice(0, 30))
    }
    assert.equal((await ask(port, '/')).status, 200)
  })

  it('says which address it cannot have, and ends also while somebody holds a connection', async () => {
    await assert.rejects(
      HttpServer.start({ address: server.address, behindTls: false, routes, clock: systemClock }),
      (error) => error instanceof ConfigurationError && /cannot listen.*EADDRINUSE/.test(error.message),
    )
    const idle = connect(port, '127.0.0.1')
    idle.on('error', () => undefined)
    await once(idle, 'connect')
    await server.close()
    if (!idle.closed) await once(idle, 'close')
  })
})
