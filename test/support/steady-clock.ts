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
setInterval(now, STEP_MS / 4).unref()

/**
 * Real time, without the moments in which a busy machine had none for this process: so a lease that a test holds does
 * not run out for that. Of what passed since somebody looked last at most a step counts, and somebody always looks.
 */
export const steadyClock: Clock = {
  now,
  wall: () => began + now(),
  sleep: async (ms, signal) => {
    const wakeAt = now() + ms
    do await systemClock.sleep(Math.min(wakeAt - now(), STEP_MS / 2), signal)
    while (now() < wakeAt)
  },
}
