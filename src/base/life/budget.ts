import type { Clock } from '../clock.ts'
import { UnreachableError } from '../errors.ts'

/** Shares of the host's time between its signal and its SIGKILL, each up to which something may go on. */
export const COMMAND_SHARE = 0.6
const SAVE_SHARE = 0.85
const RELEASE_SHARE = 0.95

/** What may still be done once the host has said stop: enough is kept to say how it ended. */
export class Budget {
  /** Fires when the last save must be given up. */
  readonly save: AbortSignal
  /** Fires when the release must be given up; the lease then ends by itself. */
  readonly release: AbortSignal
  readonly #over = new AbortController()

  constructor(stop: AbortSignal, shutdownMs: number, clock: Clock) {
    this.save = this.#after(stop, shutdownMs * SAVE_SHARE, clock)
    this.release = this.#after(stop, shutdownMs * RELEASE_SHARE, clock)
  }

  /** Nothing is left to be done in time. */
  close(): void {
    this.#over.abort()
  }

  #after(stop: AbortSignal, ms: number, clock: Clock): AbortSignal {
    const late = new AbortController()
    const wait = (): void =>
      void clock.sleep(ms, this.#over.signal).then(
        () => late.abort(tooLate(ms)),
        () => undefined,
      )
    if (stop.aborted) wait()
    else stop.addEventListener('abort', wait, { once: true, signal: this.#over.signal })
    return late.signal
  }
}

function tooLate(ms: number): UnreachableError {
  return new UnreachableError('store.timeout', `the store did not answer within ${ms} ms after the stop`, {
    hint: 'The host would have killed this process soon. TGSESSION_SHUTDOWN says how long it waits.',
  })
}
