import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock, withDeadline } from '../../src/base/clock.ts'
import { SimTime } from '../support/sim-clock.ts'

const late = (): Error => new Error('late')
const unwanted = (): Promise<never> => assert.fail('it worked')
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const forever = (): Promise<never> => new Promise(() => undefined)

describe('systemClock', () => {
  it('sleeps', async () => {
    const began = systemClock.now()
    await systemClock.sleep(20)
    assert.ok(systemClock.now() - began >= 19)
  })

  it('stops sleeping with the reason of the signal, and leaves no listener', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const sleeping = systemClock.sleep(60_000, stop.signal)
    stop.abort(reason)
    await assert.rejects(sleeping, (error) => error === reason)
    await assert.rejects(systemClock.sleep(60_000, stop.signal), (error) => error === reason)
    const quiet = new AbortController()
    await systemClock.sleep(1, quiet.signal)
    assert.equal(getEventListeners(quiet.signal, 'abort').length, 0)
  })

  it('sleeps longer than one timer of Node lasts', async () => {
    const stop = new AbortController()
    const sleeping = systemClock.sleep(2 ** 31 + 1000, stop.signal)
    const first = await Promise.race([sleeping.then(() => 'woke up'), delay(20, 'still asleep')])
    assert.equal(first, 'still asleep')
    stop.abort(new Error('enough'))
    await assert.rejects(sleeping, /enough/)
  })

  it('does not sleep for a negative time', async () => {
    await systemClock.sleep(-5000)
  })
})

describe('a deadline', () => {
  it('gives what the work gives, and what it throws', async () => {
    const time = new SimTime()
    assert.equal(await withDeadline(time.clock(), 10, late, async () => 42), 42)
    const bug = new Error('of the work')
    const fails = (): Promise<never> => Promise.reject(bug)
    await assert.rejects(withDeadline(time.clock(), 10, late, fails), (error) => error === bug)
    const throws = (): Promise<never> => {
      throw bug
    }
    await assert.rejects(withDeadline(time.clock(), 10, late, throws), (error) => error === bug)
  })

  it('throws late() at its time, and tells the work', async () => {
    const time = new SimTime()
    let told: unknown
    let at: number | undefined
    const work = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => (told = signal.reason))
      return forever()
    }
    const done = withDeadline(time.clock(), 1000, late, work).catch((error: unknown) => {
      at = time.now
      return error
    })
    await time.run(5000)
    const error = await done
    assert.ok(error instanceof Error && error.message === 'late')
    assert.equal(told, error)
    assert.equal(at, 1000)
  })

  it('throws the reason of the outer signal at once, and does no work for one that fired before', async () => {
    const time = new SimTime()
    const outer = new AbortController()
    const reason = new Error('stopping')
    const done = withDeadline(time.clock(), 1000, late, forever, outer.signal)
    outer.abort(reason)
    await assert.rejects(done, (error) => error === reason)
    const again = withDeadline(time.clock(), 1000, late, unwanted, outer.signal)
    await assert.rejects(again, (error) => error === reason)
  })

  it('leaves neither listener nor timer, whatever the end', async () => {
    const outer = new AbortController()
    const before = timers()
    for (let i = 0; i < 200; i++) {
      await withDeadline(systemClock, 60_000, late, async () => i, outer.signal)
      await withDeadline(systemClock, 60_000, late, () => Promise.reject(late()), outer.signal).catch(() => 0)
    }
    await withDeadline(systemClock, 1, late, forever, outer.signal).catch(() => 0)
    assert.equal(getEventListeners(outer.signal, 'abort').length, 0)
    assert.equal(timers(), before)
  })

  it('keeps nothing of a call alive once it is over (AbortSignal.any did)', async () => {
    const { setFlagsFromString } = await import('node:v8')
    const { runInNewContext } = await import('node:vm')
    setFlagsFromString('--expose-gc')
    const gc: () => void = runInNewContext('gc')
    const outer = new AbortController()
    const inner: WeakRef<AbortSignal>[] = []
    const listen = async (signal: AbortSignal): Promise<void> => {
      inner.push(new WeakRef(signal))
      signal.addEventListener('abort', () => undefined)
    }
    for (let i = 0; i < 50; i++) await withDeadline(systemClock, 60_000, late, listen, outer.signal)
    for (let round = 0; round < 5; round++) {
      await delay(5)
      gc()
    }
    const alive = inner.filter((ref) => ref.deref() !== undefined).length
    assert.ok(alive <= 5, `${alive} of 50 signals are still alive`)
    assert.equal(outer.signal.aborted, false)
  })
})
