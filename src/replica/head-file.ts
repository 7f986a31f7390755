import { randomUUID } from 'node:crypto'
import { backoffMs, type Clock, unlessAborted, withDeadline } from '../base/clock.ts'
import { ConflictError, TgsessionError, UnreachableError } from '../base/errors.ts'
import { checkNumbers, NO_END } from '../base/number-option.ts'
import type { ObjectStore, Version } from '../store/store.ts'
import { EMPTY_HEAD, type Head, type HeadEvent, MOST_EVENTS, withEvents } from './head.ts'
import { encodeHead, HEAD_BYTES, isReplaceable, parseHead } from './head-format.ts'

/** A change of the head as its two conditions: what must hold before, and how to tell that it happened. */
export interface HeadChange {
  /** The head after the change. Throws where the precondition does not hold. Called again on every try. */
  apply(head: Head): Head
  /** The post-condition: true for a head that has this change in it. */
  landed(head: Head): boolean
  /** What a head counts as that is damaged or older: only for a change that puts another in its place. */
  salvage?(bytes: Uint8Array): Head
}

/** How long to try. */
export interface ChangeOptions {
  /** Gives up when it fires; a change may have landed. */
  signal?: AbortSignal | undefined
  /** Milliseconds after which an unreachable store or an endless conflict is thrown. Default: 30 000. */
  patienceMs?: number | undefined
}

export interface HeadFileOptions {
  store: ObjectStore
  key: string
  clock: Clock
  random: () => number
  /** Milliseconds for one request; then its outcome is unknown and the head is read again. */
  requestMs: number
  /** What this reader understands of `requires`; FEATURES unless given. */
  features?: readonly string[] | undefined
  /** Told each time that the store could not be reached, before it is tried again. */
  onTrouble?: ((error: TgsessionError) => void) | undefined
}

const PAUSE = { firstMs: 50, longestMs: 5000 }

/**
 * The one mutable object. Every change is a compare-and-swap on the version last seen. After every outcome but a
 * clear success (a conflict, a time-out, an error of the service: the write may have landed) the head is read
 * again and the post-condition decides. Tries of one process never overlap, and a refusal is believed only of a
 * head just read, so that the common change costs one conditional put and no read.
 */
export class HeadFile {
  readonly #options: HeadFileOptions
  #known: Snapshot | undefined
  #lastSeen: Head | undefined
  #events: readonly HeadEvent[] = []
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: HeadFileOptions) {
    this.#options = options
  }

  /** The newest head that any read or change has shown; what a holder learns of others without asking. */
  get lastSeen(): Head | undefined {
    return this.#lastSeen
  }

  /** Something happened to this instance: written with its next change, and lost with it if there is none. */
  note(code: string): void {
    const at = new Date(this.#options.clock.wall()).toISOString()
    this.#events = [...this.#events, { code, at }].slice(-MOST_EVENTS)
  }

  /** The head as it lies in the store now; EMPTY_HEAD if there is none yet. */
  async read(options: ChangeOptions = {}): Promise<Head> {
    return await this.#retry(options, () => this.#fetch(options.signal).then(({ head }) => ({ head })))
  }

  /** Carries out `change` once, whatever the network does. Returns the head that has it. */
  async change(change: HeadChange, options: ChangeOptions = {}): Promise<Head> {
    let unsure = false
    return await this.#retry(options, async () => {
      if (unsure) {
        const { head } = await this.#fetch(options.signal, change)
        if (change.landed(head)) return { head }
      }
      const attempt = await this.#attempt(change, options.signal)
      unsure = true
      return attempt
    })
  }

  async #attempt(change: HeadChange, signal?: AbortSignal): Promise<Attempt> {
    let base = this.#known ?? (await this.#fetch(signal, change))
    let next: Head
    try {
      next = change.apply(base.head)
    } catch {
      base = await this.#fetch(signal, change)
      next = change.apply(base.head)
    }
    const events = this.#events
    next = { ...withEvents(next, events), writeId: randomUUID() }
    const bytes = encodeHead(next)
    this.#known = undefined
    try {
      const version = await this.#request('write', signal, (limit) =>
        this.#options.store.put(this.#options.key, bytes, base.version ?? 'absent', { signal: limit }),
      )
      this.#events = this.#events.filter((event) => !events.includes(event))
      this.#remember({ head: next, version })
      return { head: next }
    } catch (error) {
      if (error instanceof ConflictError || error instanceof UnreachableError) return { failed: error }
      throw error
    }
  }

  async #fetch(signal?: AbortSignal, change?: HeadChange): Promise<Snapshot> {
    this.#known = undefined
    const found = await this.#request('read', signal, (limit) =>
      this.#options.store.get(this.#options.key, { signal: limit, maxBytes: HEAD_BYTES }),
    )
    return this.#remember(
      found
        ? { head: this.#parse(found.bytes, change), version: found.version }
        : { head: EMPTY_HEAD, version: null },
    )
  }

  #parse(bytes: Uint8Array, change: HeadChange | undefined): Head {
    try {
      return parseHead(bytes, this.#options.features)
    } catch (error) {
      if (change?.salvage && isReplaceable(error)) return change.salvage(bytes)
      throw error
    }
  }

  #remember(snapshot: Snapshot): Snapshot {
    this.#known = snapshot
    this.#lastSeen = snapshot.head
    return snapshot
  }

  #request<T>(
    what: string,
    signal: AbortSignal | undefined,
    send: (limit: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, requestMs, store } = this.#options
    const late = (): Error =>
      new UnreachableError(
        'store.timeout',
        `the store did not answer in ${requestMs} ms (${what} of the head, ${store.label})`,
        {
          hint: 'The network or the service may be slow; `tgsession doctor` tries each step.',
        },
      )
    return withDeadline(clock, requestMs, late, send, signal)
  }

  async #retry(options: ChangeOptions, attempt: () => Promise<Attempt>): Promise<Head> {
    const { clock, random } = this.#options
    checkNumbers({ patienceMs: [options.patienceMs, NO_END] })
    const giveUpAt = clock.now() + (options.patienceMs ?? 30_000)
    for (let tries = 0; ; tries++) {
      options.signal?.throwIfAborted()
      const { head, failed } = await this.#exclusive(
        () =>
          attempt().catch((error: unknown): Attempt => {
            if (error instanceof UnreachableError) return { failed: error }
            throw error
          }),
        options.signal,
      )
      if (head) return head
      if (failed instanceof UnreachableError) this.#options.onTrouble?.(failed)
      if (clock.now() >= giveUpAt) throw failed ?? new Error('an attempt has neither head nor failure')
      await clock.sleep(backoffMs(tries, PAUSE, random), options.signal)
    }
  }

  /** One try after another. A caller that gives up need not wait for those before it. */
  #exclusive<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const turn = this.#queue.then(() => {
      signal?.throwIfAborted()
      return work()
    })
    this.#queue = turn.catch(() => undefined)
    return unlessAborted(turn, signal)
  }
}

interface Snapshot {
  head: Head
  version: Version | null
}

interface Attempt {
  head?: Head
  failed?: TgsessionError
}
