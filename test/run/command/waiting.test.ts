import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { LeaseError, NoSessionError, UnreachableError } from '../../../src/base/errors.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import { entityNames, openTestReplica, TTL_MS } from '../../support/rig.ts'
import { until } from '../../support/until.ts'
import { steadyClock } from '../../support/steady-clock.ts'
import { rigSession } from '../../replica/support/sessions.ts'
import { places, program, SERVE } from '../support/place.ts'

describe('run, as it waits and starts again', { concurrency: true }, () => {
  const makePlace = places()
  let session: Uint8Array
  let newer: Uint8Array

  before(async () => {
    session = await rigSession()
    newer = await rigSession()
  })

  it('waits for a session without the lease, says so once, and starts when one is pushed', async () => {
    const place = await makePlace()
    const running = place.start(SERVE)
    const { for: awaited, hint } = await running.saw('session.waiting')
    assert.match(String(awaited), /no session named main/)
    assert.match(String(hint), /tgsession login.*tgsession push/)
    await new Promise((resolve) => setTimeout(resolve, 800))
    assert.equal(running.count('session.waiting'), 1)
    assert.equal((await openTestReplica(place.store).status()).holder, null)
    await place.push(session)
    await until(() => place.starts() === 1, 'the start')
    running.stop()
    assert.equal(await running.ended, 7)
  })

  it('gives up after maxWaitMs with 66 where there is no session', async () => {
    const place = await makePlace()
    await assert.rejects(place.start(SERVE, { maxWaitMs: 400 }).ended, (error) => {
      assert.ok(error instanceof NoSessionError)
      assert.equal(error.exitCode, 66)
      return true
    })
  })

  it('waits while another holds the lease, says whose and since when, and takes over at its release', async () => {
    const place = await makePlace(session)
    const begun = Math.floor(steadyClock.wall())
    const holder = await openTestReplica(place.store, 'worker.9').lease()
    const running = place.start(SERVE)
    const { holder: label, since } = await running.saw('lease.waiting')
    assert.equal(label, 'worker.9')
    assert.ok(Date.parse(String(since)) >= begun && Date.parse(String(since)) <= steadyClock.wall())
    // Longer than the TTL: a holder that renews is never robbed.
    await steadyClock.sleep(TTL_MS * 1.5)
    assert.equal(place.starts(), 0)
    assert.equal(running.count('lease.waiting'), 1)
    await holder.release()
    await until(() => place.starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('waits on where the session is deleted while another uses it', async () => {
    const place = await makePlace(session)
    const holder = await openTestReplica(place.store, 'worker.9').lease()
    const running = place.start(SERVE)
    await running.saw('lease.waiting')
    await place.store.delete('main/head.json')
    assert.match(String((await running.saw('session.waiting'))['for']), /no session named main/)
    assert.equal(running.count('lease.taken'), 0)
    await holder.abandon()
    await place.push(session)
    await until(() => place.starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('gives up after maxWaitMs with 75 where the lease is held', async () => {
    const place = await makePlace(session)
    const holder = await openTestReplica(place.store, 'worker.9').lease()
    await assert.rejects(place.start(SERVE, { maxWaitMs: 500 }).ended, (error) => {
      assert.ok(error instanceof LeaseError)
      assert.equal(error.exitCode, 75)
      assert.match(error.message, /worker\.9/)
      return true
    })
    await holder.release()
  })

  it('waits while a newer release has the name, says so once, changes nothing, and starts when it gives way', async () => {
    const place = await makePlace(session)
    const stored = await place.store.get('main/head.json')
    assert.ok(stored)
    const head: unknown = JSON.parse(new TextDecoder().decode(stored.bytes))
    const changed = new TextEncoder().encode(JSON.stringify({ ...Object(head), requires: ['teleport'] }))
    const version = await place.store.put('main/head.json', changed, stored.version)
    await assert.rejects(place.start(SERVE, { maxWaitMs: 400 }).ended, { code: 'head.newer', exitCode: 65 })
    const running = place.start(SERVE)
    const { message, hint } = await running.saw('head.newer')
    assert.match(`${String(message)} ${String(hint)}`, /teleport.*Update tgsession/)
    await steadyClock.sleep(600)
    assert.deepEqual([place.starts(), running.count('head.newer')], [0, 1])
    assert.deepEqual((await place.store.get('main/head.json'))?.version, version)
    await place.store.put('main/head.json', stored.bytes, version)
    await until(() => place.starts() === 1, 'the start')
    await until(
      async () => (await openTestReplica(place.store).status()).events.length > 0,
      'the next renewal',
    )
    running.stop()
    await running.ended
    const { events } = await openTestReplica(place.store).status()
    assert.deepEqual(
      events.map(({ code }) => code),
      ['head.newer'],
    )
  })

  it('gives up after maxWaitMs with 69 where the store cannot be reached', async () => {
    const place = await makePlace()
    place.store.broken = () => true
    await assert.rejects(place.start(SERVE, { maxWaitMs: 500 }).ended, (error) => {
      assert.ok(error instanceof UnreachableError, String(error))
      assert.doesNotMatch(`${error.message} ${error.hint}`, /login|log in/i)
      return true
    })
  })

  it('takes a lease over only after its time-to-live, when the holder is gone', async () => {
    const place = await makePlace(session)
    const gone = await openTestReplica(place.store, 'worker.9').lease()
    await gone.abandon()
    const at = steadyClock.now()
    const running = place.start(SERVE)
    const { generation } = await running.saw('lease.taken')
    assert.ok(steadyClock.now() - at >= TTL_MS, `${steadyClock.now() - at} ms`)
    assert.equal(generation, gone.generation + 1)
    await until(() => place.starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('stops the command without saving when a new session was pushed, and starts it again with that', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE)
    await until(() => place.starts() === 1, 'the start')
    await place.push(newer)
    await until(() => place.starts() === 2, 'the second start')
    assert.equal((await running.saw('session.again'))['because'], 'replaced')
    const restored = await running.saw('session.restored', 2)
    assert.equal(restored['key'], (await verifySession(newer)).keyFingerprint)
    assert.equal(running.count('session.saved'), 0)
    const { current, quarantined } = await openTestReplica(place.store).status()
    assert.equal(current?.revision, 2)
    assert.deepEqual(quarantined, [])
    running.stop()
    await running.ended
    const { bytes } = await openTestReplica(place.store).restore()
    assert.deepEqual(await entityNames(bytes), ['Rig', 'written on TERM'])
    assert.equal((await verifySession(bytes)).keyFingerprint, (await verifySession(newer)).keyFingerprint)
  })

  it('never serves a session that Telegram has killed, until another comes', async () => {
    const place = await makePlace(session)
    place.store.tamper((head) => ({
      ...head,
      current: head.current && { ...head.current, dead: 'duplicated' },
    }))
    const running = place.start(SERVE)
    assert.match(String((await running.saw('session.waiting'))['for']), /duplicated/)
    await place.push(newer)
    await until(() => place.starts() === 1, 'the start')
    running.stop()
    await running.ended
  })

  it('stops the command before the lease ends when the store is gone, and goes on when it is back', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE)
    await until(() => place.starts() === 1, 'the start')
    place.store.broken = () => true
    const goneAt = steadyClock.now()
    await steadyClock.sleep(TTL_MS / 3)
    assert.equal(running.count('command.ended'), 0, 'a short outage disturbs nobody')
    await running.saw('command.ended')
    const stoppedMs = steadyClock.now() - goneAt
    assert.ok(stoppedMs < TTL_MS, `stopped after ${stoppedMs} ms`)
    place.store.broken = undefined
    const { code, message, hint } = await running.saw('lease.lost')
    assert.equal(code, 'lease.expiring')
    assert.match(String(message), /not be renewed in time/)
    assert.match(String(hint), /taken again/)
    assert.equal((await running.saw('session.again'))['because'], 'lost')
    await until(() => place.starts() === 2, 'the second start')
    running.stop()
    assert.equal(await running.ended, 7)
  })

  it('kills a command that does not end by itself before the lease does', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE, { env: { STUBBORN: '1' }, shutdownMs: 60_000 })
    await until(() => place.starts() === 1, 'the start')
    place.store.broken = () => true
    const goneAt = steadyClock.now()
    assert.equal((await running.saw('command.ended'))['exitCode'], 137)
    const stoppedMs = steadyClock.now() - goneAt
    assert.ok(stoppedMs < TTL_MS, `stopped after ${stoppedMs} ms`)
    running.stop()
    place.store.broken = undefined
    assert.equal(await running.ended, 143)
  })

  it('says so when another has taken the lease', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE)
    await until(() => place.starts() === 1)
    place.store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: null }))
    const { code, hint } = await running.saw('lease.lost')
    assert.equal(code, 'lease.lost')
    assert.match(String(hint), /tgsession status/)
    await until(() => place.starts() === 2)
    running.stop()
    await running.ended
  })

  it('kills it at once where a save finds that another has taken the lease', async () => {
    const place = await makePlace(session)
    const hour = openTestReplica(place.store, 'worker.1', 3_600_000)
    const options = { env: { DEAF: '1' }, quietMs: 100, maxMs: 1000, shutdownMs: 3_600_000 }
    const running = place.start([process.execPath, program('write.ts')], options, hour)
    await running.saw('session.saved')
    place.store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: null }))
    assert.equal((await running.saw('lease.lost'))['code'], 'lease.lost')
    assert.equal((await running.saw('command.ended'))['exitCode'], 137)
    running.stop()
    await running.ended
  })

  it('starts nothing again when the stop comes while the lease is being lost', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE)
    await until(() => place.starts() === 1, 'the start')
    place.store.broken = () => true
    await running.saw('command.ended')
    running.stop()
    place.store.broken = undefined
    assert.equal(await running.ended, 143)
    assert.equal(place.starts(), 1)
  })

  it('quarantines a changed key, starts once more with the stored one, and then waits', async () => {
    const place = await makePlace(session)
    const fast = { quietMs: 50, maxMs: 200 }
    const running = place.start([process.execPath, program('change-key.ts')], fast)
    await running.saw('session.quarantined', 2)
    const { for: awaited, hint } = await running.saw('session.waiting')
    assert.match(String(awaited), /lost its key twice/)
    assert.match(String(hint), /status/)
    assert.equal(running.count('command.started'), 2)
    assert.equal(running.count('session.saved'), 0)
    const { current, quarantined, holder } = await openTestReplica(place.store).status()
    assert.equal(current?.keyFingerprint, (await verifySession(session)).keyFingerprint)
    assert.equal(quarantined.length, 2)
    assert.equal(holder, null, 'who waits holds no lease')
    await place.push(newer)
    await running.saw('command.started', 4)
    await running.saw('session.waiting', 2)
    assert.equal(running.count('command.started'), 4, 'the new session has two chances as well')
    running.stop()
    assert.equal(await running.ended, 143)
  })
})
