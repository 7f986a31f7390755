import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { missing, PYTHON } from '../../support/requires.ts'
import { entityNames, isAlive, openTestReplica } from '../../support/rig.ts'
import { steadyClock } from '../../support/steady-clock.ts'
import { rigSession } from '../../replica/support/sessions.ts'
import { places, program, SERVE } from '../support/place.ts'

describe('run, when it is stopped', { concurrency: true }, () => {
  // Nothing here is about the end of a lease.
  const makePlace = places(60_000)
  let session: Uint8Array
  before(async () => {
    session = await rigSession()
  })

  it('forwards SIGTERM once, awaits the end, saves what was written at it, then releases', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE, { env: { SLOW_MS: '300' } })
    const pid = await place.pid()
    running.stop()
    running.stop('SIGINT')
    assert.equal(await running.ended, 7, "the command's own exit code")
    assert.deepEqual(place.events(), ['start', 'SIGTERM', 'end'])
    assert.equal(isAlive(pid), false)
    assert.deepEqual(await place.saved(), ['Rig', 'written on TERM'])
    assert.deepEqual(running.names.slice(-3), ['command.ended', 'session.saved', 'lease.released'])
    assert.equal((await openTestReplica(place.store).status()).holder, null)
  })

  it('forwards SIGINT and SIGHUP as what they are', async () => {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      const place = await makePlace(session)
      const running = place.start(SERVE, { shutdownMs: 6000 })
      await place.pid()
      running.stop(signal)
      assert.equal(await running.ended, 137, 'the program does not end on it and is killed')
      assert.deepEqual(place.events(), ['start', signal])
    }
  })

  it('forwards nothing where the host signals every process itself, and still waits', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE, { forwards: () => false })
    const pid = await place.pid()
    running.stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.deepEqual(place.events(), ['start'])
    process.kill(pid, 'SIGTERM')
    assert.equal(await running.ended, 7)
    assert.deepEqual(place.events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await place.saved(), ['Rig', 'written on TERM'])
  })

  it('kills a command that does not end at 60 % of the time, and saves all the same', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE, { env: { STUBBORN: '1' }, shutdownMs: 6000 })
    const pid = await place.pid()
    const at = steadyClock.now()
    running.stop()
    assert.equal(await running.ended, 137)
    const tookMs = steadyClock.now() - at
    assert.ok(tookMs >= 3600 && tookMs < 6000, `took ${tookMs} ms`)
    assert.equal(isAlive(pid), false)
    assert.ok(running.names.includes('lease.released'))
  })

  it('gives the last save up in time to say so where the store does not answer', async () => {
    const place = await makePlace(session)
    const running = place.start(SERVE, { shutdownMs: 6000 })
    await place.pid()
    const silent = Promise.withResolvers<void>()
    place.store.silence = silent.promise
    const at = steadyClock.now()
    running.stop()
    assert.equal(await running.ended, 79)
    const tookMs = steadyClock.now() - at
    assert.ok(tookMs < 6000, `took ${tookMs} ms`)
    assert.equal((await running.saw('save.failed'))['code'], 'store.timeout')
    const { file } = await running.saw('session.kept')
    assert.deepEqual(await entityNames(readFileSync(String(file))), ['Rig', 'written on TERM'])
    silent.resolve()
  })

  it('waits for the children of a parent that dies at once, and saves what they write', async () => {
    const place = await makePlace(session)
    const [node, script] = SERVE
    // As npm does: dead in milliseconds, while its child is still writing; here the child is signalled by itself.
    const line = `trap 'kill -TERM $child; exit 5' TERM; "${node}" "${script}" & child=$!; wait`
    const running = place.start(['bash', '-c', line], { env: { SLOW_MS: '500' } })
    const pid = await place.pid()
    running.stop()
    assert.equal(await running.ended, 5, 'the code of the command itself')
    assert.equal(isAlive(pid), false)
    assert.deepEqual(place.events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await place.saved(), ['Rig', 'written on TERM'])
  })

  it('passes the signal on to what is left where the parent has died of it, as npm and a shell do', async () => {
    const place = await makePlace(session)
    const [node, script] = SERVE
    const running = place.start(['bash', '-c', `"${node}" "${script}" & wait`])
    await place.pid()
    running.stop()
    assert.equal(await running.ended, 143, 'the code of the command itself')
    assert.deepEqual(place.events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await place.saved(), ['Rig', 'written on TERM'])
  })

  it('kills the children that are left, before the last save and the release', async () => {
    const place = await makePlace(session)
    const [node, script] = SERVE
    const line = `trap 'exit 0' TERM; "${node}" "${script}" & wait`
    let aliveAtEnd: boolean | undefined
    let pid = 0
    const report = (event: string): void => {
      if (event === 'command.ended') aliveAtEnd = isAlive(pid)
    }
    const running = place.start(['bash', '-c', line], { shutdownMs: 6000, report })
    pid = await place.pid()
    running.stop()
    assert.equal(await running.ended, 0)
    assert.equal(aliveAtEnd, false)
    assert.deepEqual(place.events(), ['start'], 'nobody signalled the child, so it was killed')
  })

  it('counts a command as running while one of its children is', async () => {
    const place = await makePlace(session)
    const [node, script] = SERVE
    const running = place.start(['bash', '-c', `"${node}" "${script}" & exit 4`])
    const pid = await place.pid()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(running.names.at(-1), 'command.started')
    process.kill(pid, 'SIGTERM')
    assert.equal(await running.ended, 4)
    assert.deepEqual(await place.saved(), ['Rig', 'written on TERM'])
  })

  it('kills the children that are left when the command ended by itself and the stop comes then', async () => {
    const place = await makePlace(session)
    const [node, script] = SERVE
    const line = `"${node}" "${script}" & exit 4`
    const running = place.start(['bash', '-c', line], { env: { STUBBORN: '1' }, shutdownMs: 6000 })
    const pid = await place.pid()
    running.stop()
    assert.equal(await running.ended, 4)
    assert.equal(isAlive(pid), false)
  })

  it(
    'saves what a Python program writes with Telethon, to the last word',
    { skip: missing.telethon() },
    async () => {
      const place = await makePlace(session)
      const running = place.start([PYTHON, program('write.py')], { quietMs: 50, maxMs: 300 })
      await running.saw('session.saved', 2)
      running.stop()
      assert.equal(await running.ended, 3)
      assert.ok((await place.saved()).includes('python on TERM'))
    },
  )

  it('ends at once where it is stopped while it waits', async () => {
    const place = await makePlace(session)
    place.store.tamper((head) => ({ ...head, current: null }))
    const running = place.start(SERVE)
    await running.saw('session.waiting')
    running.stop('SIGTERM')
    assert.equal(await running.ended, 143)
    assert.deepEqual(place.events(), [])
  })
})
