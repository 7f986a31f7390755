import { setTimeout as delay } from 'node:timers/promises'

/** Time as an argument, so that tests run days in a second and nothing compares two machines' wall clocks. */
export interface Clock {
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  now(): number
  /** Milliseconds since 1970, for people and for dates in files; never for the lease. */
  wall(): number
  /** Resolves after `ms`; rejects with `signal.reason` once the signal fires. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The longest that one timer of Node lasts; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      for (let leftMs = Math.max(0, ms); ; leftMs -= LONGEST_MS) {
        await delay(Math.min(leftMs, LONGEST_MS), undefined, signal ? { signal } : {})
        if (leftMs <= LONGEST_MS) return
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}

/**
 * Runs `work` with a signal that fires after `ms` of `clock`, or when `outer` does. What `work` throws is thrown;
 * a work that ignores the signal is left behind, and `late()` gives the error then thrown.
 *
 * Called thousands of times with one long-lived `outer`: nothing stays registered there (AbortSignal.any would keep
 * every combination that somebody listens to for as long as its sources live).
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted()
  const done = new AbortController()
  const limit = new AbortController()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = (reason: unknown): void => {
    limit.abort(reason)
    reject(reason)
  }
  const onOuter = (): void => stop(outer?.reason)
  outer?.addEventListener('abort', onOuter, { once: true })
  clock.sleep(ms, done.signal).then(
    () => stop(late()),
    () => undefined,
  )
  try {
    return await Promise.race([work(limit.signal), stopped])
  } finally {
    outer?.removeEventListener('abort', onOuter)
    done.abort()
  }
}

/** The pause before the next try: the first doubling up to the longest, each between half and whole, so that rivals do not stay in step. */
export function backoffMs(
  tries: number,
  { firstMs, longestMs }: { firstMs: number; longestMs: number },
  random: () => number,
): number {
  return Math.min(firstMs * 2 ** tries, longestMs) * (0.5 + random() / 2)
}

/** What `work` settles with, or a rejection with the signal's reason as soon as it fires; `work` goes on then. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
