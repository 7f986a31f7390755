import type { Clock } from '../base/clock.ts'
import { LeaseError, safeCause } from '../base/errors.ts'
import { checkNumbers, NO_END } from '../base/number-option.ts'
import type { Holder, LeasePort, LeaseRecord } from './record.ts'

/** A change of a record, and of whatever lies beside it. */
export interface RecordChange<Of extends LeaseRecord> {
  apply(record: Of): Of
  landed(record: Of): boolean
}

/**
 * The right to use the session, while it lasts. Renewed every third of `ttlMs`. `signal` fires when the lease is
 * lost or may soon be: the session must not be used after `ttlMs` from the last renewal that was sent and
 * succeeded, and a fifth of it is kept for disconnecting.
 */
export class Lease {
  /** Grows with every holder: the fencing token. */
  readonly generation: number
  /** Of this lease, as the head names it. */
  readonly id: string
  readonly #port: LeasePort
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #lost = new AbortController()
  readonly #closing = new AbortController()
  readonly #loops: Promise<unknown>
  readonly #renewalListeners = new Set<(leftMs: number) => void>()
  #sentAt: number
  #sentAtWall: number
  #lastFailure: Error | undefined

  /** @internal Use `takeLease`. `sentAt` is when the winning write was sent, on `clock`. */
  constructor(
    port: LeasePort,
    { clock, ttlMs }: { clock: Clock; ttlMs: number },
    id: string,
    generation: number,
    sentAt: number,
  ) {
    this.#port = port
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.id = id
    this.generation = generation
    this.#sentAt = sentAt
    // Two readings of one moment: what passed between sending and now counts the same on both clocks.
    this.#sentAtWall = this.#clock.wall() - (this.#clock.now() - sentAt)
    this.#loops = Promise.allSettled([this.#keepRenewing(), this.#watch()])
  }

  /** Fires with a LeaseError (`lease.lost`, `lease.expiring`, `lease.suspended`) as its reason. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Milliseconds after its last renewal for which it lasts. */
  get ttlMs(): number {
    return this.#ttlMs
  }

  /** Milliseconds for which the session may still be used; 0 once the signal has fired. */
  get remainingMs(): number {
    if (this.#lost.signal.aborted || this.#suspended) return 0
    return Math.max(0, this.#stopAt - this.#clock.now())
  }

  /** Milliseconds left for disconnecting once the signal has fired; 0 where another may hold the lease already. */
  get graceMs(): number {
    const reason: unknown = this.#lost.signal.reason
    if (!(reason instanceof LeaseError) || reason.code !== 'lease.expiring') return 0
    return Math.max(0, this.#sentAt + this.#ttlMs * 0.95 - this.#clock.now())
  }

  /**
   * Calls `listener` now and after each renewal, with the milliseconds for which the lease lasts: counted from the
   * moment at which its last renewal was sent. Returns what ends that.
   */
  onRenewal(listener: (leftMs: number) => void): () => void {
    this.#renewalListeners.add(listener)
    listener(this.#leftMs)
    return () => void this.#renewalListeners.delete(listener)
  }

  /** @internal True for a record that still names this lease. Every write of the holder checks it. */
  owns(record: LeaseRecord): boolean {
    return record.holder?.id === this.id && record.generation === this.generation
  }

  /**
   * @internal
   * Carries out a holder's own change by `send`, with a renewal in it: one that is due need not be sent for itself. It
   * counts from the moment at which the first try was sent.
   */
  async renewWith<Of extends LeaseRecord, T>(
    change: RecordChange<Of>,
    send: (change: RecordChange<Of>) => Promise<T>,
  ): Promise<T> {
    let sentAt: number | undefined
    const result = await send({
      apply: (record) => {
        const next = change.apply(record)
        sentAt ??= this.#clock.now()
        return next.holder && this.owns(next) ? { ...next, holder: this.#renewed(next.holder) } : next
      },
      landed: (record) => change.landed(record),
    })
    if (sentAt !== undefined && !this.#lost.signal.aborted && !this.#suspended) this.#count(sentAt)
    return result
  }

  /**
   * Gives the lease back. Call it only when nothing uses the session any more; also after a loss, since a holder that gave
   * up for lack of time may still be the one named. `patienceMs` (milliseconds, default 5 000) is how long it tries.
   *
   * @throws UnreachableError if the store cannot be reached; the lease then runs out by itself after `ttlMs`
   */
  async release(options: { patienceMs?: number | undefined } = {}): Promise<void> {
    checkNumbers({ patienceMs: [options.patienceMs, NO_END] })
    await this.abandon()
    const gone = new LeaseError('lease.lost', 'another instance holds the lease already', {
      hint: 'Nothing to do.',
    })
    try {
      await this.#port.change(
        {
          apply: (record) => {
            if (!this.owns(record)) throw gone
            return { ...record, holder: null }
          },
          landed: (record) => !this.owns(record),
        },
        { patienceMs: options.patienceMs ?? 5000 },
      )
    } catch (error) {
      if (error !== gone) throw error
    }
  }

  /** Stops renewing and leaves the record as it is; others wait `ttlMs`. */
  async abandon(): Promise<void> {
    this.#closing.abort()
    await this.#loops
  }

  /** The monotonic clock stands still while a machine is suspended, the wall clock does not. */
  get #suspended(): boolean {
    const drift = this.#clock.wall() - this.#sentAtWall - (this.#clock.now() - this.#sentAt)
    return Math.abs(drift) > this.#ttlMs / 3
  }

  get #stopAt(): number {
    return this.#sentAt + this.#ttlMs * 0.8
  }

  async #keepRenewing(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, this.#lost.signal])
    const everyMs = this.#ttlMs / 3
    for (;;) {
      const sentAt = this.#sentAt
      const dueAt = sentAt + everyMs
      const sendAt = this.#port.renewAt?.(dueAt, everyMs) ?? dueAt
      await this.#clock.sleep(Math.max(0, sendAt - this.#clock.now()), signal)
      // Another change of the holder's was a renewal meanwhile.
      if (this.#sentAt !== sentAt) continue
      try {
        await this.#renew(signal)
        this.#lastFailure = undefined
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof LeaseError) return this.#lost.abort(error)
        // Whatever else the store says, it may be over at the next try; the watch ends it in time.
        this.#lastFailure = safeCause(error)
        await this.#clock.sleep(this.#ttlMs / 20, signal)
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    let sentAt: number | undefined
    let beat: number | undefined
    await this.#port.change(
      {
        apply: (record) => {
          const holder = record.holder
          if (!holder || !this.owns(record))
            throw new LeaseError('lease.lost', 'another instance has taken the lease', {
              hint: 'See who with `tgsession status`. If nobody should, look for a second copy of this app.',
            })
          sentAt ??= this.#clock.now()
          const renewed = this.#renewed(holder)
          beat = renewed.beat
          return { ...record, holder: renewed }
        },
        // A higher one is of a change that was sent after this.
        landed: (record) => this.owns(record) && beat !== undefined && (record.holder?.beat ?? 0) >= beat,
      },
      { signal, patienceMs: Infinity },
    )
    // Nobody knows on which side of the sleep it was sent.
    if (this.#suspended) throw suspendedLease()
    if (sentAt !== undefined) this.#count(sentAt)
  }

  #renewed(holder: Holder): Holder {
    return { ...holder, beat: holder.beat + 1, ttlMs: Math.max(holder.ttlMs, this.#ttlMs) }
  }

  #count(sentAt: number): void {
    this.#sentAt = Math.max(sentAt, this.#sentAt)
    this.#sentAtWall = this.#clock.wall() - (this.#clock.now() - this.#sentAt)
    for (const listener of this.#renewalListeners) listener(this.#leftMs)
  }

  get #leftMs(): number {
    return Math.max(0, this.#sentAt + this.#ttlMs - this.#clock.now())
  }

  /** Fires the signal in time, also when a suspended machine wakes up long after. */
  async #watch(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, this.#lost.signal])
    for (;;) {
      const left = this.#stopAt - this.#clock.now()
      await this.#clock.sleep(Math.min(this.#ttlMs / 3, Math.max(0, left)), signal)
      if (this.#suspended) return this.#lost.abort(suspendedLease())
      if (this.#clock.now() >= this.#stopAt)
        return this.#lost.abort(
          new LeaseError('lease.expiring', 'the lease could not be renewed in time', {
            hint: 'The store did not confirm a renewal. The session is taken again when it does.',
            cause: this.#lastFailure,
          }),
        )
    }
  }
}

function suspendedLease(): LeaseError {
  return new LeaseError('lease.suspended', 'the clocks of this machine jumped: it may have been suspended', {
    hint: 'The session is taken again as soon as the lease is free.',
  })
}
