import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { openReplica } from '../../../src/config/open-replica.ts'
import { readSettings } from '../../../src/config/settings.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { openSession, type OpenSession } from '../../../src/gramjs.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { ask, bearer } from '../../support/http/ask.ts'
import { makeSession, startDc } from '../../support/rig.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'

const TOKEN = 'a-token-that-is-long-enough-to-be-one'

describe('openSession with health', () => {
  let dc: FakeDc
  let env: Record<string, string>
  let replica: Replica
  const opened: OpenSession[] = []

  before(async () => {
    dc = await startDc()
  })
  after(() => dc.close())
  beforeEach(async () => {
    env = {
      TGSESSION_STORE: `file:${temporaryFolder()}`,
      TGSESSION_WEB_TOKEN: TOKEN,
      TGSESSION_LEASE_TTL: '6s',
    }
    replica = await openReplica(await readSettings(env, { store: true }))
    await replica.push(await makeSession(dc))
  })
  afterEach(async () => {
    await Promise.allSettled(opened.splice(0).map((one) => one.close()))
    await replica.close()
  })

  const start = async (health: string): Promise<{ port: number; opening: Promise<OpenSession> }> => {
    let port = 0
    const opening = openSession(env, {
      health,
      closeOnSignals: false,
      report: (event, fields) => {
        if (event === 'http.listening') port = Number(/\d+$/.exec(String(fields?.['address']))?.[0])
      },
    })
    void opening.then(
      (one) => opened.push(one),
      () => undefined,
    )
    await until(() => port !== 0, 'the server')
    return { port, opening }
  }

  it('is healthy while it waits, ready once it is open, and gone once it is closed', async () => {
    const lease = await replica.lease()
    const { port, opening } = await start('127.0.0.1:0')
    const waiting = await until(async () => {
      const heard = await ask(port, '/readyz')
      return /in use by/.test(heard.body) && heard
    }, 'why it waits')
    assert.equal(waiting.status, 503)
    assert.equal((await ask(port, '/healthz')).status, 200)
    await lease.release()
    const one = await opening
    assert.equal((await ask(port, '/readyz')).status, 200)
    const { body } = await ask(port, '/metrics')
    assert.match(body, /^tgsession_lease_held\{name="main",holder="[^"]+"\} 1$/m)
    assert.match(body, /^tgsession_waits_total\{.*\} 1$/m)
    await replica.push(await makeSession(dc))
    await until(async () => (await ask(port, '/readyz')).status === 503, 'the word that it was replaced')
    await one.close().catch(() => undefined)
    await assert.rejects(ask(port, '/healthz'), { code: 'ECONNREFUSED' })
  })

  it('wants the token for metrics, unless an address was chosen', async () => {
    const { port, opening } = await start('0')
    await opening
    assert.equal((await ask(port, '/metrics')).status, 401)
    assert.equal((await ask(port, '/metrics', { headers: bearer(TOKEN) })).status, 200)
  })

  it('closes what it opened where there is no session to open', async () => {
    env['TGSESSION_NAME'] = 'other'
    const { port, opening } = await start('127.0.0.1:0')
    await assert.rejects(opening, { code: 'session.none' })
    await assert.rejects(ask(port, '/healthz'), { code: 'ECONNREFUSED' })
  })
})
