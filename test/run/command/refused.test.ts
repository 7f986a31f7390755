import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Clock } from '../../../src/base/clock.ts'
import { NoSessionError } from '../../../src/base/errors.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { RunOptions } from '../../../src/run/command/run.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import { addServerKey } from '../../../src/clients/gramjs/library.ts'
import { API_HASH, API_ID, makeSession, openTestReplica, Running, startDc } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { steadyClock } from '../../support/steady-clock.ts'

const FAILS = [process.execPath, '-e', 'process.exit(3)']
const API = { apiId: API_ID, apiHash: API_HASH }

describe('run, when its command fails at once', () => {
  let dc: FakeDc
  let session: Uint8Array
  let key: string
  let store: ScriptedStore
  const started: Running[] = []

  before(async () => {
    dc = await startDc()
    addServerKey(dc.publicKeyPem)
  })
  after(() => dc.close())
  beforeEach(async () => {
    session = await makeSession(dc)
    key = (await verifySession(session)).keyFingerprint
    store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(session)
  })
  afterEach(() => {
    for (const running of started.splice(0)) running.stop()
  })

  const start = (argv: string[], options: Partial<RunOptions> = {}): Running => {
    const running = new Running(openTestReplica(store), argv, { api: API, ...options })
    started.push(running)
    return running
  }
  const requests = (): number => dc.stats().keys.find(({ keyId }) => keyId === key)?.requests ?? 0

  it('asks Telegram once, under the lease; a dead key is remembered, and waited for', async () => {
    dc.revoke(key)
    const running = start(FAILS)
    const { state, reason } = await running.saw('key.asked')
    assert.deepEqual({ state, reason }, { state: 'dead', reason: 'SESSION_REVOKED' })
    const { for: awaited, hint } = await running.saw('session.waiting')
    assert.match(String(awaited), /revoked/)
    assert.match(String(hint), /login/)
    const { current, holder } = await openTestReplica(store).status()
    assert.equal(current?.dead, 'revoked')
    assert.equal(holder, null)
    assert.ok(running.names.indexOf('key.asked') < running.names.indexOf('lease.released'))
    assert.equal(running.count('command.started'), 1)
    await openTestReplica(store, 'ci').push(await makeSession(dc))
    await running.saw('command.started', 2)
  })

  it('gives up with 66 under --max-wait', async () => {
    dc.revoke(key)
    await assert.rejects(start(FAILS, { maxWaitMs: 300 }).ended, (error) => {
      assert.ok(error instanceof NoSessionError && error.code === 'session.dead')
      return true
    })
  })

  it('says so where it has changed nothing in its session', async () => {
    const idle = start(FAILS)
    assert.equal(await idle.ended, 3)
    assert.match(String((await idle.saw('warning'))['hint']), /TGSESSION_FILE/)
    const change = `new (require('node:sqlite').DatabaseSync)(process.env.TGSESSION_FILE).exec('UPDATE version SET version = 8; CREATE TABLE own (x)'); process.exit(3)`
    const busy = start([process.execPath, '-e', change])
    assert.equal(await busy.ended, 3)
    assert.equal(busy.count('warning'), 0)
  })

  it('ends with its code where the key is alive, and leaves no connection', async () => {
    const running = start(FAILS)
    assert.equal(await running.ended, 3)
    assert.equal((await running.saw('key.asked'))['state'], 'alive')
    assert.equal(dc.stats().keys.find(({ keyId }) => keyId === key)?.open, 0)
    assert.equal((await openTestReplica(store).status()).current?.dead, null)
  })

  for (const [reason, why] of [
    ['USER_DEACTIVATED_BAN', 'banned'],
    ['USER_DEACTIVATED', 'deleted'],
  ] as const)
    it(`sends nobody to log in again with an account that is ${why}`, async () => {
      dc.fail('updates.getState', { code: 401, message: reason })
      const running = start(FAILS)
      const { for: awaited, hint } = await running.saw('session.waiting')
      assert.match(String(awaited), new RegExp(why))
      assert.doesNotMatch(String(hint), /log in again/i)
      assert.equal((await openTestReplica(store).status()).current?.dead, why)
    })

  it('does not take a frozen account for a dead key', async () => {
    dc.fail('updates.getState', { code: 420, message: 'FROZEN_METHOD_INVALID' })
    const running = start(FAILS)
    assert.equal(await running.ended, 3)
    const { state, reason } = await running.saw('key.asked')
    assert.deepEqual([state, reason], ['frozen', 'FROZEN_METHOD_INVALID'])
    assert.equal((await openTestReplica(store).status()).current?.dead, null)
  })

  it('ends not before the time for which Telegram wants peace', async () => {
    // Less GramJS waits for by itself.
    dc.fail('updates.getState', { code: 420, message: 'FLOOD_WAIT_61' })
    const waits: number[] = []
    const clock: Clock = {
      ...steadyClock,
      sleep: async (ms, signal) => {
        if (ms !== 61_000) return await steadyClock.sleep(ms, signal)
        waits.push(ms)
      },
    }
    const running = start(FAILS, { clock })
    assert.equal(await running.ended, 3)
    assert.equal((await running.saw('key.asked'))['seconds'], 61)
    assert.deepEqual(waits, [61_000])
  })

  it('takes no answer for no verdict', async () => {
    dc.fail('updates.getState', { code: 500, message: 'INTERNAL' }, Infinity)
    try {
      const running = start(FAILS)
      assert.equal(await running.ended, 3)
      assert.equal((await running.saw('key.asked'))['state'], 'unknown')
      assert.equal((await openTestReplica(store).status()).current?.dead, null)
    } finally {
      dc.fail('updates.getState', { code: 500, message: 'INTERNAL' }, 0)
    }
  })

  it('asks nothing after a good end, nor without an api_id, and says the latter', async () => {
    const asked = requests()
    const good = start([process.execPath, '-e', ''])
    assert.equal(await good.ended, 0)
    assert.equal(good.count('key.asked'), 0)
    const mute = start(FAILS, { api: undefined })
    assert.equal(await mute.ended, 3)
    assert.match(String((await mute.saw('key.not_asked'))['message']), /TELEGRAM_API_ID/)
    assert.equal(requests(), asked)
  })
})
