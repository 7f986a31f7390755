import { setTimeout as wait } from 'node:timers/promises'

/** When to try again. Time and chance come from outside, so that tests need neither. */
export interface RetryPolicy {
  /** Tries in all. */
  attempts: number
  /** The pause after the first try is at most this long, doubled after each, up to `longestMs`. */
  firstMs: number
  longestMs: number
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>
  /** From 0 up to 1. */
  random(): number
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  firstMs: 200,
  longestMs: 3000,
  sleep: async (ms, signal) => wait(ms, undefined, { signal }),
  random: Math.random,
}

/**
 * Runs `work` until it succeeds, fails in a way that `isPassing` does not call passing, or the tries are used up; the
 * last error is thrown as it came. Pauses are drawn from the whole range ("full jitter"), so that many clients which
 * failed together do not come back together. An aborted signal throws its reason.
 */
export async function retrying<T>(
  work: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      if (attempt >= policy.attempts || !isPassing(error)) throw error
    }
    const longest = Math.min(policy.longestMs, policy.firstMs * 2 ** (attempt - 1))
    try {
      await policy.sleep(policy.random() * longest, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }
}
