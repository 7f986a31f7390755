import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { healthRoutes } from '../../src/http/health.ts'
import { METRIC_NAMES, renderMetrics } from '../../src/http/metrics.ts'
import { HttpServer } from '../../src/http/server.ts'
import type { StatusPort, StatusSnapshot } from '../../src/http/status-port.ts'
import { ask, bearer } from '../support/http/ask.ts'

const TOKEN = 'a-token-that-is-long-enough-to-be-one'
const WAITING: StatusSnapshot = {
  waitingFor: 'the session is in use by worker.2',
  leaseHeld: false,
  waits: 3,
  renewals: 0,
  savedSecondsAgo: null,
  savedBytes: null,
  revision: null,
  restarts: 0,
  conflicts: 0,
  storeErrors: {},
  dead: false,
  frozen: false,
  floodWaitUntil: null,
}
const portOf = (snapshot: StatusSnapshot): StatusPort => ({
  labels: { name: 'main', holder: 'worker.1' },
  snapshot: () => snapshot,
})

const serve = async (status: StatusPort | null, open: boolean): Promise<HttpServer> =>
  await HttpServer.start({
    address: { host: '127.0.0.1', port: 0 },
    token: TOKEN,
    behindTls: false,
    routes: healthRoutes(status, { open }),
    clock: systemClock,
  })

describe('health', () => {
  it('is well while it waits, and ready when the command runs', async () => {
    let snapshot = WAITING
    const server = await serve({ ...portOf(WAITING), snapshot: () => snapshot }, true)
    const { port } = server.address
    assert.deepEqual(
      [(await ask(port, '/healthz')).status, (await ask(port, '/healthz')).body],
      [200, 'ok\n'],
    )
    const waiting = await ask(port, '/readyz')
    assert.deepEqual([waiting.status, waiting.body], [503, 'the session is in use by worker.2\n'])
    snapshot = { ...WAITING, waitingFor: null, leaseHeld: true }
    assert.equal((await ask(port, '/readyz')).status, 200)
    assert.match(
      (await ask(port, '/metrics')).body,
      /^tgsession_lease_held\{name="main",holder="worker.1"\} 1$/m,
    )
    await server.close()
  })

  it('tells more than that it is well only with the token', async () => {
    const server = await serve(portOf(WAITING), false)
    const { port } = server.address
    assert.equal((await ask(port, '/healthz')).status, 200)
    for (const path of ['/readyz', '/metrics']) {
      const refused = await ask(port, path)
      assert.deepEqual([refused.status, refused.body.includes('worker')], [401, false])
      assert.notEqual((await ask(port, path, { headers: bearer(TOKEN) })).status, 401)
    }
    await server.close()
  })
})

describe('metrics', () => {
  it('are text that Prometheus reads, each with its help and type, and none invented', () => {
    const text = renderMetrics({
      labels: { name: 'main', holder: 'a "b"\\\n' },
      snapshot: () => ({
        ...WAITING,
        savedSecondsAgo: 12,
        savedBytes: 4096,
        revision: 7,
        floodWaitUntil: 1_800_000_000,
        storeErrors: { 'store.timeout': 2, 'store.forbidden': 1 },
      }),
    })
    const lines = text.trimEnd().split('\n')
    assert.ok(text.endsWith('\n'))
    const sample =
      /^(tgsession_[a-z_]+)\{name="main",holder="a \\"b\\"\\\\\\n"(?:,code="[a-z.]+")?\} -?[\d.]+$/
    const samples = lines.filter((line) => !line.startsWith('#'))
    for (const line of samples) assert.match(line, sample)
    const named = new Set(samples.map((line) => sample.exec(line)?.[1] ?? ''))
    assert.deepEqual([...named].toSorted(), [...METRIC_NAMES].toSorted())
    for (const name of METRIC_NAMES) {
      assert.ok(lines.some((line) => line.startsWith(`# HELP ${name} `)))
      assert.match(text, new RegExp(`^# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}$`, 'm'))
    }
    assert.match(text, /code="store\.timeout"\} 2/)
  })

  it('leave out what never was, which is not zero', () => {
    const text = renderMetrics(portOf(WAITING))
    for (const name of ['last_save_age_seconds', 'last_save_bytes', 'revision', 'flood_wait_until_seconds'])
      assert.doesNotMatch(text, new RegExp(`tgsession_${name}`))
  })
})
