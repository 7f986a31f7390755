import type { Clock } from '../base/clock.ts'
import { LeaseError, SaveFailedError, safeCause } from '../base/errors.ts'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const FLUSHED = Symbol('flushed')

export interface WriteQueueOptions {
  clock: Clock
  /** How long a change of the cache may wait for others to go with it. */
  delayMs: number
  /** Writes all that waits, in one transaction; false if nothing did. What it throws is kept for the next try. */
  write: () => Promise<boolean>
  /** Whether anything waits. */
  isPending: () => boolean
  /** Of tries in the background. */
  onError: (error: unknown) => void
}

/**
 * When a session's changes are written: the key at once, the rest after a moment, all in one go, one at a time, and
 * again with growing pauses while the database fails. A lost lease ends it for good.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #turn: Promise<unknown> = Promise.resolve()
  #isRunning = false
  /** Of the pause that is under way. */
  #cut: AbortController | undefined
  #isUrgent = false
  #ended: LeaseError | undefined
  #again = false

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  wake(urgent: boolean): void {
    if (this.#ended !== undefined) return
    this.#again = true
    if (urgent) {
      this.#isUrgent = this.#cut?.signal.aborted ?? true
      this.#cut?.abort()
    }
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run()
  }

  /** Waits for what is queued now. Throws `LeaseError`, or `SaveFailedError` after `patienceMs` of failures. */
  async flush(patienceMs: number): Promise<void> {
    const { clock } = this.#options
    const began = clock.now()
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS))
      try {
        await this.#write()
        // Nothing is left to wait for, and the wait would keep the process alive.
        this.#cut?.abort(FLUSHED)
        return
      } catch (error) {
        if (error instanceof LeaseError) throw error
        if (clock.now() - began + pause > patienceMs)
          throw new SaveFailedError(
            'container.save_failed',
            'the changes of the session did not reach the database',
            {
              hint: 'They are kept in memory and tried again, unless the process ends.',
              cause: safeCause(error),
            },
          )
        await clock.sleep(pause)
      }
  }

  /** Nothing is written from now on; what is queued is given up. */
  end(reason: LeaseError): void {
    this.#ended ??= reason
    this.#cut?.abort()
  }

  async #run(): Promise<void> {
    const { delayMs, onError } = this.#options
    let pause = delayMs
    let nextPause = FIRST_PAUSE_MS
    while (this.#again && this.#ended === undefined) {
      const wasCut = await this.#pause(pause)
      if (wasCut) {
        // What came after the flush waits for others again.
        this.#again = this.#options.isPending()
        pause = delayMs
        continue
      }
      this.#again = false
      try {
        await this.#write()
        pause = delayMs
        nextPause = FIRST_PAUSE_MS
      } catch (error) {
        onError(error)
        this.#again = true
        pause = nextPause * (0.75 + Math.random() / 2)
        nextPause = Math.min(nextPause * 2, LONGEST_PAUSE_MS)
      }
    }
    this.#isRunning = false
  }

  /** True if a flush cut it short. Something urgent ends it, too. */
  async #pause(ms: number): Promise<boolean> {
    const cut = new AbortController()
    this.#cut = cut
    if (this.#isUrgent) cut.abort()
    this.#isUrgent = false
    try {
      await this.#options.clock.sleep(ms, cut.signal)
    } catch (error) {
      if (!cut.signal.aborted) throw error
    }
    this.#cut = undefined
    return cut.signal.reason === FLUSHED
  }

  #write(): Promise<boolean> {
    const written = this.#turn.then(async () => {
      if (this.#ended !== undefined && this.#options.isPending()) throw this.#ended
      try {
        return await this.#options.write()
      } catch (error) {
        if (error instanceof LeaseError) this.end(error)
        throw error
      }
    })
    this.#turn = written.catch(() => undefined)
    return written
  }
}
