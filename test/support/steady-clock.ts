import { type Clock, systemClock } from '../../src/base/clock.ts'

const STEP_MS = 50

let passed = 0
let seen = performance.now()

function now(): number {
  const real = performance.now()
  passed += Math.min(real - seen, STEP_MS)
  seen = real
  return passed
}

const began = Date.now()
/** Each with when it wants to be woken; one timer for all, as dozens of leases renew themselves by this clock. */
const sleepers = new Map<() => void, number>()
const ticker = setInterval(() => {
  const time = now()
  for (const [wake, wakeAt] of sleepers) if (wakeAt <= time) wake()
}, STEP_MS / 4).unref()

/** Until `wakeAt`, at a look of the ticker. */
async function sleepUntil(wakeAt: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal?.reason)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', onAbort, { once: true })
  sleepers.set(resolve, wakeAt)
  ticker.ref()
  try {
    await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
    sleepers.delete(resolve)
    if (sleepers.size === 0) ticker.unref()
  }
}

/**
 * Real time, without the moments in which a busy machine had none for this process: so a lease that a test holds does
 * not run out for that. Of what passed since somebody looked last at most a step counts, and somebody always looks.
 */
export const steadyClock: Clock = {
  now,
  wall: () => began + now(),
  sleep: async (ms, signal) => {
    const wakeAt = now() + ms
    if (ms > STEP_MS) return await sleepUntil(wakeAt, signal)
    do await systemClock.sleep(Math.min(wakeAt - now(), STEP_MS / 2), signal)
    while (now() < wakeAt)
  },
}
