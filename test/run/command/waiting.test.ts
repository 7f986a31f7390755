import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { LeaseError, NoSessionError, UnreachableError } from '../../../src/base/errors.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { RunOptions } from '../../../src/run/command/run.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import {
  entityNames,
  makeSession,
  openTestReplica,
  Running,
  startDc,
  SwitchedStore,
  TTL_MS,
} from '../../support/rig.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'
import { steadyClock } from '../../support/steady-clock.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../programs', name)
const SERVE = [process.execPath, program('serve.ts')]

describe('run, as it waits and starts again', () => {
  let dc: FakeDc
  let session: Uint8Array
  let newer: Uint8Array
  const scratch = temporaryFolder()
  let store: SwitchedStore
  let log: string
  let logs = 0
  const started: Running[] = []

  before(async () => {
    dc = await startDc()
    session = await makeSession(dc)
    newer = await makeSession(dc)
  })
  after(async () => {
    await dc.close()
  })
  beforeEach(() => {
    store = new SwitchedStore()
    log = path.join(scratch, `${++logs}.log`)
  })

  afterEach(() => {
    store.broken = undefined
    for (const running of started.splice(0)) running.stop()
  })

  const push = async (bytes: Uint8Array): Promise<void> =>
    void (await openTestReplica(store, 'ci').push(bytes))
  const starts = (): number =>
    existsSync(log) ? (readFileSync(log, 'utf8').match(/^start/gm)?.length ?? 0) : 0
  const start = (argv: string[], options: Partial<RunOptions> = {}): Running => {
    const env = { ...process.env, LOG: log }
    const running = new Running(openTestReplica(store), argv, {
      env,
      quietMs: 60_000,
      maxMs: 60_000,
      ...options,
    })
    started.push(running)
    return running
  }

  it('waits for a session without the lease, says so once, and starts when one is pushed', async () => {
    const running = start(SERVE)
    const { for: awaited, hint } = await running.saw('session.waiting')
    assert.match(String(awaited), /no session named main/)
    assert.match(String(hint), /tgsession login.*tgsession push/)
    await new Promise((resolve) => setTimeout(resolve, 800))
    assert.equal(running.count('session.waiting'), 1)
    assert.equal((await openTestReplica(store).status()).holder, null)
    await push(session)
    await until(() => starts() === 1, 'the start')
    running.stop()
    assert.equal(await running.ended, 7)
  })

  it('gives up after maxWaitMs with 66 where there is no session', async () => {
    await assert.rejects(start(SERVE, { maxWaitMs: 400 }).ended, (error) => {
      assert.ok(error instanceof NoSessionError)
      assert.equal(error.exitCode, 66)
      return true
    })
  })

  it('waits while another holds the lease, says whose and since when, and takes over at its release', async () => {
    await push(session)
    const begun = Math.floor(steadyClock.wall())
    const holder = await openTestReplica(store, 'worker.9').lease()
    const running = start(SERVE)
    const { holder: label, since } = await running.saw('lease.waiting')
    assert.equal(label, 'worker.9')
    assert.ok(Date.parse(String(since)) >= begun && Date.parse(String(since)) <= steadyClock.wall())
    // Longer than the TTL: a holder that renews is never robbed.
    await steadyClock.sleep(TTL_MS * 1.5)
    assert.equal(starts(), 0)
    assert.equal(running.count('lease.waiting'), 1)
    await holder.release()
    await until(() => starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('waits on where the session is deleted while another uses it', async () => {
    await push(session)
    const holder = await openTestReplica(store, 'worker.9').lease()
    const running = start(SERVE)
    await running.saw('lease.waiting')
    await store.delete('main/head.json')
    assert.match(String((await running.saw('session.waiting'))['for']), /no session named main/)
    assert.equal(running.count('lease.taken'), 0)
    await holder.abandon()
    await push(session)
    await until(() => starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('gives up after maxWaitMs with 75 where the lease is held', async () => {
    await push(session)
    const holder = await openTestReplica(store, 'worker.9').lease()
    await assert.rejects(start(SERVE, { maxWaitMs: 500 }).ended, (error) => {
      assert.ok(error instanceof LeaseError)
      assert.equal(error.exitCode, 75)
      assert.match(error.message, /worker\.9/)
      return true
    })
    await holder.release()
  })

  it('waits while a newer release has the name, says so once, changes nothing, and starts when it gives way', async () => {
    await push(session)
    const stored = await store.get('main/head.json')
    assert.ok(stored)
    const head: unknown = JSON.parse(new TextDecoder().decode(stored.bytes))
    const changed = new TextEncoder().encode(JSON.stringify({ ...Object(head), requires: ['teleport'] }))
    const version = await store.put('main/head.json', changed, stored.version)
    await assert.rejects(start(SERVE, { maxWaitMs: 400 }).ended, { code: 'head.newer', exitCode: 65 })
    const running = start(SERVE)
    const { message, hint } = await running.saw('head.newer')
    assert.match(`${String(message)} ${String(hint)}`, /teleport.*Update tgsession/)
    await steadyClock.sleep(600)
    assert.deepEqual([starts(), running.count('head.newer')], [0, 1])
    assert.deepEqual((await store.get('main/head.json'))?.version, version)
    await store.put('main/head.json', stored.bytes, version)
    await until(() => starts() === 1, 'the start')
    await until(async () => (await openTestReplica(store).status()).events.length > 0, 'the next renewal')
    running.stop()
    await running.ended
    const { events } = await openTestReplica(store).status()
    assert.deepEqual(
      events.map(({ code }) => code),
      ['head.newer'],
    )
  })

  it('gives up after maxWaitMs with 69 where the store cannot be reached', async () => {
    store.broken = () => true
    await assert.rejects(start(SERVE, { maxWaitMs: 500 }).ended, (error) => {
      assert.ok(error instanceof UnreachableError, String(error))
      assert.doesNotMatch(`${error.message} ${error.hint}`, /login|log in/i)
      return true
    })
  })

  it('takes a lease over only after its time-to-live, when the holder is gone', async () => {
    await push(session)
    const gone = await openTestReplica(store, 'worker.9').lease()
    await gone.abandon()
    const at = steadyClock.now()
    const running = start(SERVE)
    const { generation } = await running.saw('lease.taken')
    assert.ok(steadyClock.now() - at >= TTL_MS, `${steadyClock.now() - at} ms`)
    assert.equal(generation, gone.generation + 1)
    await until(() => starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('stops the command without saving when a new session was pushed, and starts it again with that', async () => {
    await push(session)
    const running = start(SERVE)
    await until(() => starts() === 1, 'the start')
    await push(newer)
    await until(() => starts() === 2, 'the second start')
    assert.equal((await running.saw('session.again'))['because'], 'replaced')
    const restored = await running.saw('session.restored', 2)
    assert.equal(restored['key'], (await verifySession(newer)).keyFingerprint)
    assert.equal(running.count('session.saved'), 0)
    const { current, quarantined } = await openTestReplica(store).status()
    assert.equal(current?.revision, 2)
    assert.deepEqual(quarantined, [])
    running.stop()
    await running.ended
    const { bytes } = await openTestReplica(store).restore()
    assert.deepEqual(await entityNames(bytes), ['Rig', 'written on TERM'])
    assert.equal((await verifySession(bytes)).keyFingerprint, (await verifySession(newer)).keyFingerprint)
  })

  it('never serves a session that Telegram has killed, until another comes', async () => {
    await push(session)
    await store.tamper((head) => ({
      ...head,
      current: head.current && { ...head.current, dead: 'duplicated' },
    }))
    const running = start(SERVE)
    assert.match(String((await running.saw('session.waiting'))['for']), /duplicated/)
    await push(newer)
    await until(() => starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('stops the command before the lease ends when the store is gone, and goes on when it is back', async () => {
    await push(session)
    const running = start(SERVE)
    await until(() => starts() === 1, 'the start')
    store.broken = () => true
    const goneAt = steadyClock.now()
    await steadyClock.sleep(TTL_MS / 3)
    assert.equal(running.count('command.ended'), 0, 'a short outage disturbs nobody')
    await running.saw('command.ended')
    const stoppedMs = steadyClock.now() - goneAt
    assert.ok(stoppedMs < TTL_MS, `stopped after ${stoppedMs} ms`)
    store.broken = undefined
    const { code, message, hint } = await running.saw('lease.lost')
    assert.equal(code, 'lease.expiring')
    assert.match(String(message), /not be renewed in time/)
    assert.match(String(hint), /taken again/)
    assert.equal((await running.saw('session.again'))['because'], 'lost')
    await until(() => starts() === 2, 'the second start')
    running.stop()
    assert.equal(await running.ended, 7)
  })

  it('kills a command that does not end by itself before the lease does', async () => {
    await push(session)
    const running = start(SERVE, { env: { ...process.env, LOG: log, STUBBORN: '1' }, shutdownMs: 60_000 })
    await until(() => starts() === 1, 'the start')
    store.broken = () => true
    const goneAt = steadyClock.now()
    assert.equal((await running.saw('command.ended'))['exitCode'], 137)
    const stoppedMs = steadyClock.now() - goneAt
    assert.ok(stoppedMs < TTL_MS, `stopped after ${stoppedMs} ms`)
    running.stop()
    store.broken = undefined
    assert.equal(await running.ended, 143)
  })

  it('says so when another has taken the lease', async () => {
    await push(session)
    const running = start(SERVE)
    await until(() => starts() === 1)
    await store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: null }))
    const { code, hint } = await running.saw('lease.lost')
    assert.equal(code, 'lease.lost')
    assert.match(String(hint), /tgsession status/)
    await until(() => starts() === 2)
    running.stop()
    await running.ended
  })

  it('kills it at once where a save finds that another has taken the lease', async () => {
    await push(session)
    const hour = openTestReplica(store, 'worker.1', 3_600_000)
    const env = { ...process.env, DEAF: '1' }
    const running = new Running(hour, [process.execPath, program('write.ts')], {
      env,
      shutdownMs: 3_600_000,
    })
    started.push(running)
    await running.saw('session.saved')
    await store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: null }))
    assert.equal((await running.saw('lease.lost'))['code'], 'lease.lost')
    assert.equal((await running.saw('command.ended'))['exitCode'], 137)
    running.stop()
    await running.ended
  })

  it('starts nothing again when the stop comes while the lease is being lost', async () => {
    await push(session)
    const running = start(SERVE)
    await until(() => starts() === 1, 'the start')
    store.broken = () => true
    await running.saw('command.ended')
    running.stop()
    store.broken = undefined
    assert.equal(await running.ended, 143)
    assert.equal(starts(), 1)
  })

  it('quarantines a changed key, starts once more with the stored one, and then waits', async () => {
    await push(session)
    const fast = { quietMs: 50, maxMs: 200 }
    const running = start([process.execPath, program('change-key.ts')], fast)
    await running.saw('session.quarantined', 2)
    const { for: awaited, hint } = await running.saw('session.waiting')
    assert.match(String(awaited), /lost its key twice/)
    assert.match(String(hint), /status/)
    assert.equal(running.count('command.started'), 2)
    assert.equal(running.count('session.saved'), 0)
    const { current, quarantined, holder } = await openTestReplica(store).status()
    assert.equal(current?.keyFingerprint, (await verifySession(session)).keyFingerprint)
    assert.equal(quarantined.length, 2)
    assert.equal(holder, null, 'who waits holds no lease')
    await push(newer)
    await running.saw('command.started', 4)
    await running.saw('session.waiting', 2)
    assert.equal(running.count('command.started'), 4, 'the new session has two chances as well')
    running.stop()
    assert.equal(await running.ended, 143)
  })
})
