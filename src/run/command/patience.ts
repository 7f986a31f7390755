import type { TgsessionError } from '../../base/errors.ts'
import { type RunOptions, type Stop, stopOf } from '../run-options.ts'

export interface Waiting {
  /** Fires at the stop, and when `maxWaitMs` is over. */
  signal: AbortSignal
  /** Notes what is waited for now. */
  awaiting: (error: TgsessionError) => void
}

/**
 * What `work` comes to, or the stop that came first. After `maxWaitMs` what was awaited last is thrown, or what
 * `noAnswer` makes where nothing ever was, and the store had no trouble that it could tell.
 */
export async function patiently<T>(
  options: RunOptions,
  noAnswer: (ms: number) => TgsessionError,
  work: (waiting: Waiting) => Promise<T>,
): Promise<T | Stop> {
  const { stop, clock, maxWaitMs } = options
  const patience = new AbortController()
  const over = new AbortController()
  let awaited: TgsessionError | undefined
  const limit =
    maxWaitMs === undefined
      ? undefined
      : clock.sleep(maxWaitMs, over.signal).then(
          () => patience.abort(),
          () => undefined,
        )
  try {
    return await work({
      signal: AbortSignal.any([stop, patience.signal]),
      awaiting: (error) => void (awaited = error),
    })
  } catch (error) {
    if (stop.aborted) return stopOf(options)
    if (patience.signal.aborted) throw awaited ?? options.lastTrouble?.() ?? noAnswer(maxWaitMs ?? 0)
    throw error
  } finally {
    over.abort()
    await limit
  }
}
