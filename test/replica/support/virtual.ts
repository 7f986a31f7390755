import type { Clock } from '../../../src/base/clock.ts'
import { altered, type SimTime } from '../../support/sim-clock.ts'

/** Lets virtual time pass until `work` settles, and passes on what it did. */
export async function during<T>(time: SimTime, work: Promise<T>, limitMs = 3_600_000): Promise<T> {
  const { settled } = settling(work)
  for (const end = time.now + limitMs; !settled();) {
    if (time.now >= end) throw new Error(`nothing settled in ${limitMs} virtual ms`)
    await time.run(time.now + 50)
  }
  return await work
}

/** Whether `work` has come to an end by now, good or bad. */
export function settling(work: Promise<unknown>): { settled: () => boolean } {
  let over = false
  const end = (): void => void (over = true)
  work.then(end, end)
  return { settled: () => over }
}

/** When `work` settled, in virtual ms. */
export function instantOf(time: SimTime, work: Promise<unknown>): { at: number | undefined } {
  const instant: { at: number | undefined } = { at: undefined }
  const note = (): void => void (instant.at = time.now)
  work.then(note, note)
  return instant
}

/** How many timers wait that would still do something. SimTime keeps cancelled ones, which do nothing. */
export function waitingSleeps(time: SimTime): { count: () => number; clock: Clock } {
  const base = time.clock()
  let waiting = 0
  async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    waiting++
    try {
      await base.sleep(ms, signal)
    } finally {
      waiting--
    }
  }
  return { count: () => waiting, clock: altered(base, { sleep }) }
}
