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
