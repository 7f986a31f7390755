import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunStatus } from '../../src/run/run-status.ts'
import { systemClock } from '../../src/base/clock.ts'
import { SimTime } from '../support/sim-clock.ts'

describe('standing', () => {
  it('gathers how things stand from what is reported, and hands everything on', () => {
    let now = 0
    const standing = new RunStatus({ ...systemClock, now: () => now })
    const passed: string[] = []
    const report = standing.following((event) => passed.push(event))
    assert.deepEqual(standing.fields, {
      lease: false,
      generation: null,
      revision: null,
      age: null,
      bytes: null,
      waits: 0,
      conflicts: 0,
    })
    report('lease.waiting', { holder: 'worker.1', since: '' })
    report('lease.taken', { generation: 7 })
    report('session.restored', { revision: 41, bytes: 100, key: '' })
    report('session.saved', { revision: 42, bytes: 200 })
    now = 90_400
    const held = { lease: true, generation: 7, revision: 42, age: 90, bytes: 200, waits: 1, conflicts: 0 }
    assert.deepEqual(standing.fields, held)
    report('lease.released', { generation: 7 })
    assert.deepEqual(standing.fields, { ...held, lease: false })
    assert.equal(passed.length, 5)
  })

  it('counts as a conflict what others did, and not what the command did or the store', () => {
    const standing = new RunStatus(systemClock)
    const report = standing.following(() => undefined)
    for (const because of ['quarantined', 'dead', 'lost']) report('session.again', { because })
    report('lease.taken', { generation: 1 })
    report('lease.lost', { code: 'lease.expiring', message: '' })
    assert.deepEqual([standing.fields['lease'], standing.fields['conflicts']], [false, 0])
    report('session.again', { because: 'replaced' })
    report('lease.lost', { code: 'lease.lost', message: '' })
    assert.equal(standing.fields['conflicts'], 2)
  })

  it('tells health why the command does not run, and what Telegram said of the key', () => {
    const standing = new RunStatus({ ...systemClock, wall: () => 1_000_000 })
    const report = standing.following(() => undefined)
    const waitingFor = (): string | null => standing.snapshot(0).waitingFor
    assert.equal(waitingFor(), 'it is starting')
    report('session.waiting', { for: 'there is no session named main', hint: '' })
    assert.equal(waitingFor(), 'there is no session named main')
    report('lease.waiting', { holder: 'worker.2', since: 'noon' })
    assert.equal(waitingFor(), 'the session is in use by worker.2 since noon')
    report('lease.taken', { generation: 7 })
    assert.notEqual(waitingFor(), null)
    report('command.started', { pid: 1 })
    const { leaseHeld, renewals, restarts, waits } = standing.snapshot(5)
    assert.deepEqual([waitingFor(), leaseHeld, renewals, restarts, waits], [null, true, 5, 0, 2])
    report('command.ended', { because: 'exited', exitCode: 1 })
    assert.match(waitingFor() ?? '', /ended/)
    report('key.asked', { state: 'wait', reason: '', seconds: 60 })
    assert.equal(standing.snapshot(0).floodWaitUntil, 1060)
    report('key.asked', { state: 'dead', reason: '' })
    assert.deepEqual([standing.snapshot(0).dead, standing.snapshot(0).floodWaitUntil], [true, null])
    report('session.restored', { revision: 2, bytes: 1, key: '' })
    report('command.started', { pid: 2 })
    assert.deepEqual([standing.snapshot(0).dead, standing.snapshot(0).restarts], [false, 1])
    standing.noteStoreError('store.timeout')
    standing.noteStoreError('store.timeout')
    assert.deepEqual(standing.snapshot(0).storeErrors, { 'store.timeout': 2 })
    report('lease.released', {})
    assert.equal(standing.snapshot(9).renewals, 0)
  })

  it('tells once a minute until it is over', async () => {
    const time = new SimTime()
    const standing = new RunStatus(time.clock())
    const over = new AbortController()
    const told: number[] = []
    const telling = standing.everyMinute(() => told.push(time.now), over.signal)
    await time.run(200_000)
    over.abort()
    await telling
    await time.run(400_000)
    assert.deepEqual(told, [60_000, 120_000, 180_000])
  })
})
