import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { ANN, BOB } from '../login/people.ts'
import { ask, bearer, type Heard } from '../support/http/ask.ts'
import { type PageRig, type PageRigOptions, servePageFor, TOKEN } from '../support/web/page-rig.ts'
import { SimTime } from '../support/sim-clock.ts'
import { until } from '../support/until.ts'

const PHONE = { kind: 'phone', phone: ANN.phone }
const POSTS: Record<string, unknown> = {
  '/api/login': PHONE,
  '/api/answer': { ask: 1, text: ANN.code },
  '/api/resend': { ask: 1 },
  '/api/cancel': {},
}

const owner = (flow: string): Record<string, string> => ({ 'X-Tgsession-Login': flow })

describe('whoever attacks the page', () => {
  let dc: FakeDc
  let rig: PageRig
  const start = async (options: PageRigOptions = {}): Promise<void> => {
    dc = await FakeDc.start({ accounts: [ANN, BOB] })
    rig = await servePageFor(dc, options)
  }
  beforeEach(() => start())
  afterEach(async () => {
    await rig.close()
    await dc.close()
  })

  const post = (path: string, json: unknown, headers: Record<string, string> = {}): Promise<Heard> =>
    ask(rig.port, path, { method: 'POST', json, headers: { ...bearer(TOKEN), ...headers } })
  const state = async (headers: Record<string, string> = {}): Promise<Record<string, unknown>> => {
    const { status, body } = await ask(rig.port, '/api/state', { headers: { ...bearer(TOKEN), ...headers } })
    assert.equal(status, 200, body)
    const parsed: Record<string, unknown> = JSON.parse(body)
    return parsed
  }
  const step = async (flow: string): Promise<string> => {
    const { login } = await state(owner(flow))
    return typeof login === 'object' && login && 'step' in login ? String(login.step) : 'none'
  }
  const begin = async (wanted: unknown = PHONE): Promise<string> => {
    const { status, body } = await post('/api/login', wanted)
    assert.equal(status, 200, body)
    return JSON.parse(body).flow
  }
  const assertNothingWasSent = async (): Promise<void> => {
    assert.equal(dc.stats().connections, 0)
    assert.deepEqual((await rig.replica.status()).logins, [])
  }

  it('gets nothing and moves nothing without the token', async () => {
    for (const headers of [{}, bearer('x'.repeat(40)), { Cookie: `token=${TOKEN}` }]) {
      for (const [path, json] of Object.entries(POSTS))
        assert.equal((await ask(rig.port, path, { method: 'POST', json, headers })).status, 401, path)
      const { status, body } = await ask(rig.port, '/api/state', { headers })
      assert.deepEqual([status, /main|memory|store/.test(body)], [401, false])
    }
    for (const path of ['/', '/app.js', '/style.css']) {
      const { body } = await ask(rig.port, path)
      assert.doesNotMatch(body, /main in|memory:|web\.1/)
      assert.ok(!body.includes(TOKEN))
    }
    await assertNothingWasSent()
  })

  it('is no nearer after a thousand wrong tokens, and does not keep the owner out', async () => {
    const heard: number[] = []
    for (let tries = 0; tries < 1000; tries++)
      heard.push(
        (await post('/api/login', PHONE, bearer(`wrong-token-number-${tries}-of-a-thousand`))).status,
      )
    assert.deepEqual(
      [...new Set(heard)].toSorted((a, b) => a - b),
      [401, 429],
    )
    await assertNothingWasSent()
    assert.equal((await state())['mayLogIn'], true)
  })

  it('reaches nothing from another page, by another name, or in a frame, even with the token', async () => {
    const foreign: Record<string, string>[] = [
      { Origin: 'https://evil.test' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { Host: `evil.test:${rig.port}` },
    ]
    for (const headers of foreign)
      for (const [path, json] of Object.entries(POSTS))
        assert.ok([403, 421].includes((await post(path, json, headers)).status), path)
    const frame = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }
    assert.equal((await ask(rig.port, '/', { headers: frame })).status, 403)
    for (const path of [`/?t=${TOKEN}`, `/${TOKEN}`, `/api/state?token=${TOKEN}`])
      assert.equal((await ask(rig.port, path, { headers: bearer(TOKEN) })).status, 404)
    await assertNothingWasSent()
  })

  it('finds one login at a time, and cannot answer or end what he did not begin', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => post('/api/login', PHONE)))
    assert.deepEqual(
      all.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409, 409, 409, 409],
    )
    const flow: string = JSON.parse(all.find(({ status }) => status === 200)?.body ?? '{}').flow
    await until(async () => (await step(flow)) === 'code')
    for (const headers of [{}, owner(''), owner(flow.slice(1)), owner('x'.repeat(32))])
      for (const path of ['/api/answer', '/api/resend', '/api/cancel'])
        assert.equal((await post(path, POSTS[path], headers)).status, 409, path)
    assert.deepEqual((await state())['login'], { step: 'busy' })
    assert.equal(await step(flow), 'code')
    assert.equal(dc.stats().connections, 1)
  })

  it('gains nothing by sending an answer again', async () => {
    const flow = await begin()
    await until(async () => (await step(flow)) === 'code')
    const wrong = { ask: 1, text: '00000' }
    assert.equal((await post('/api/answer', wrong, owner(flow))).status, 200)
    for (let again = 0; again < 20; again++)
      assert.equal((await post('/api/answer', wrong, owner(flow))).status, 409)
    await until(async () => (await step(flow)) === 'code')
    assert.equal((await post('/api/answer', { ask: 2, text: ANN.code }, owner(flow))).status, 200)
    await until(async () => (await step(flow)) === 'done')
    assert.equal((await post('/api/answer', { ask: 2, text: ANN.code }, owner(flow))).status, 409)
    assert.equal((await post('/api/cancel', {}, owner(flow))).status, 409)
    assert.equal((await state())['mayLogIn'], false)
    const second = await begin()
    await until(async () => (await step(second)) === 'failed')
    assert.deepEqual(dc.stats().logins, 1)
  })

  it('has three codes, and three passwords', async () => {
    const flow = await begin({ kind: 'phone', phone: BOB.phone })
    for (let number = 1; number <= 3; number++) {
      await until(async () => (await step(flow)) === 'code')
      await post('/api/answer', { ask: number, text: '99999' }, owner(flow))
    }
    await until(async () => (await step(flow)) === 'failed')
    const { login } = await state(owner(flow))
    assert.match(JSON.stringify(login), /login\.code_wrong/)
    assert.equal(dc.stats().keys[0]?.state, 'fresh')
  })

  it('reads no session, key or code anywhere', async () => {
    const flow = await begin()
    await until(async () => (await step(flow)) === 'code')
    await post('/api/answer', { ask: 1, text: ANN.code }, owner(flow))
    await until(async () => (await step(flow)) === 'done')
    const { bytes } = await rig.replica.restore()
    const told = JSON.stringify([await state(owner(flow)), await state(), rig.reported])
    for (const secret of [ANN.code, ANN.phone, ANN.phone.slice(1), TOKEN, flow])
      assert.ok(!told.includes(secret))
    assert.ok(!told.includes(Buffer.from(bytes).toString('base64').slice(0, 40)))
    assert.doesNotMatch(rig.reported.join('\n'), /Ann|ann/, 'the log names no person')
  })

  it('sends nonsense, and the page goes on', async () => {
    for (const json of [
      null,
      [],
      1,
      'x',
      {},
      { kind: 'phone' },
      { kind: 'x' },
      { kind: 'bot', token: 'y'.repeat(300) },
    ])
      assert.equal((await post('/api/login', json)).status, 400, JSON.stringify(json))
    for (const json of [{}, { ask: 1.5, text: '' }, { ask: '1', text: '' }, { ask: 1, text: 2 }])
      assert.equal((await post('/api/answer', json)).status, 400)
    await assertNothingWasSent()
  })
})

describe('a login whose page has gone', () => {
  it('is ended after ten minutes, and leaves nothing at Telegram', async () => {
    const dc = await FakeDc.start({ accounts: [ANN] })
    const time = new SimTime()
    const rig = await servePageFor(dc, { clock: time.clock() })
    const flow = rig.login.begin({ kind: 'phone', phone: ANN.phone })
    await until(() => rig.login.look(flow)?.step === 'code')
    await time.run(9 * 60_000)
    assert.equal(rig.login.look(flow)?.step, 'code', 'whoever looks is there')
    await time.run(18 * 60_000)
    assert.deepEqual(rig.login.look('another'), { step: 'busy' })
    await time.run(20 * 60_000)
    await until(() => rig.reported.some((line) => line.startsWith('login.failed')))
    assert.match(rig.reported.join(), /login\.cancelled/)
    assert.equal(rig.login.look('another'), null)
    assert.equal(dc.stats().keys[0]?.state, 'fresh')
    await rig.close()
    await dc.close()
  })

  it('is taken back when the server ends', async () => {
    const dc = await FakeDc.start({ accounts: [ANN] })
    const rig = await servePageFor(dc, { clock: systemClock })
    const flow = rig.login.begin({ kind: 'phone', phone: ANN.phone })
    await until(() => rig.login.look(flow)?.step === 'code')
    await rig.close()
    assert.deepEqual(
      (await rig.replica.status()).logins.map(({ outcome }) => outcome),
      ['login.cancelled'],
    )
    await dc.close()
  })

  it('is not begun where Telegram’s api_id is not set', async () => {
    const dc = await FakeDc.start()
    const rig = await servePageFor(dc, { api: null })
    assert.throws(() => rig.login.begin({ kind: 'qr' }), /TELEGRAM_API_ID/)
    await rig.close()
    await dc.close()
  })
})
