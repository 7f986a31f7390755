import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { LeaseError, safeCause } from '../errors.ts'
import { pollDelayMs } from './poll.ts'

/** Who may use the session now. `beat` grows with every renewal; `ttlMs` is how long it must stand still to be dead. */
export type Holder = {
  id: string
  label: string
  since: string
  beat: number
  ttlMs: number
}

/** `generation` grows with every change of holder and never goes back: the fencing token. */
export interface LeaseRecord {
  generation: number
  holder: Holder | null
}

export interface LeaseChange {
  /** The record after the change; throws LeaseError where the precondition does not hold. */
  apply(record: LeaseRecord): LeaseRecord
  landed(record: LeaseRecord): boolean
}

export interface PortOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds for which an unreachable store is tried again before that is thrown. */
  patienceMs: number
}

/** Where the record lies: a head in an object store, or a row of a table. */
export interface LeasePort {
  read(options: PortOptions): Promise<LeaseRecord>
  change(change: LeaseChange, options: PortOptions): Promise<LeaseRecord>
  /** When a renewal that is due at `dueAt` is sent, so that several leases go together: then, or a little sooner. */
  renewAt?(dueAt: number, everyMs: number): number
}

export interface LeaseOptions {
  /** How people recognise this instance: `worker.1`, a host name. */
  label: string
  clock: Clock
  /** Milliseconds without a renewal after which another may take over. */
  ttlMs: number
  /** Gives up waiting when it fires. */
  signal?: AbortSignal | undefined
  /** Called once per holder that is waited for. */
  onWaiting?: ((holder: Holder) => void) | undefined
  /** Return false to stop waiting (there is nothing left to serve); then LeaseError `lease.not_wanted`. */
  stillWanted?: ((record: LeaseRecord) => boolean) | undefined
}

/**
 * Waits for the lease and takes it. Another's lease is taken only after its record stood still for its whole
 * `ttlMs` between the end of one read and the beginning of another, both on this process's monotonic clock: the
 * holder counts from the moment it *sent* its last renewal, so it has stopped by then, whatever any wall clock says.
 */
export async function takeLease(port: LeasePort, options: LeaseOptions): Promise<Lease> {
  const { clock, signal } = options
  const began = clock.now()
  let seen: { mark: string; since: number; holderId: string } | undefined
  for (;;) {
    const asked = clock.now()
    const record = await port.read({ signal, patienceMs: Infinity })
    if (options.stillWanted?.(record) === false)
      throw new LeaseError('lease.not_wanted', 'the wait for the lease was ended', {
        hint: 'This is no failure.',
      })
    const holder = record.holder
    const mark = markOf(record)
    if (holder && seen?.mark !== mark) {
      if (seen?.holderId !== holder.id) options.onWaiting?.(holder)
      seen = { mark, since: clock.now(), holderId: holder.id }
    }
    const stoodStill = holder && seen && asked - seen.since >= holder.ttlMs
    if (!holder || stoodStill) {
      const lease = await tryTake(port, options, mark)
      if (lease) return lease
      continue
    }
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/** Null when another was faster: the record is no longer the one that `mark` describes. */
async function tryTake(port: LeasePort, options: LeaseOptions, mark: string): Promise<Lease | null> {
  const { clock, label, ttlMs, signal } = options
  const id = randomUUID()
  const outrun = new LeaseError('lease.held', 'another instance took the lease first', {
    hint: 'Wait for it.',
  })
  // Of the first try on: a try whose answer was lost may be the one that landed.
  let sentAt: number | undefined
  try {
    const taken = await port.change(
      {
        apply: (record) => {
          if (record.holder && markOf(record) !== mark) throw outrun
          sentAt ??= clock.now()
          const since = new Date(clock.wall()).toISOString()
          return { generation: record.generation + 1, holder: { id, label, since, beat: 0, ttlMs } }
        },
        landed: (record) => record.holder?.id === id,
      },
      { signal, patienceMs: Infinity },
    )
    return new Lease(port, options, id, taken.generation, sentAt ?? clock.now())
  } catch (error) {
    if (error === outrun) return null
    throw error
  }
}

/** Equal as long as nothing was renewed, taken or let go. */
export function markOf({ generation, holder }: LeaseRecord): string {
  return holder ? `${generation} ${holder.id} ${holder.beat}` : `${generation} free`
}

/**
 * The right to use the session, while it lasts. Renewed every third of `ttlMs`. `signal` fires when the lease is
 * lost or may soon be: the session must not be used after `ttlMs` from the last renewal that was sent and
 * succeeded, and a fifth of it is kept for disconnecting.
 */
export class Lease {
  readonly generation: number
  readonly id: string
  readonly #port: LeasePort
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #lost = new AbortController()
  readonly #closing = new AbortController()
  readonly #loops: Promise<unknown>
  #sentAt: number
  #sentAtWall: number
  #lastFailure: Error | undefined

  /** Use `takeLease`. `sentAt` is when the winning write was sent, on `options.clock`. */
  constructor(port: LeasePort, options: LeaseOptions, id: string, generation: number, sentAt: number) {
    this.#port = port
    this.#clock = options.clock
    this.#ttlMs = options.ttlMs
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

  /** True for a record that still names this lease. Every write of the holder checks it. */
  holds(record: LeaseRecord): boolean {
    return record.holder?.id === this.id && record.generation === this.generation
  }

  /**
   * Lets go. Call it only when nothing uses the session any more. Also after a loss: a holder that gave up for
   * lack of time may still be the one named. Throws UnreachableError when the store could not be told; the
   * lease then ends by itself after `ttlMs`.
   */
  async release(options: { patienceMs?: number | undefined } = {}): Promise<void> {
    await this.abandon()
    const gone = new LeaseError('lease.lost', 'another instance holds the lease already', {
      hint: 'Nothing to do.',
    })
    try {
      await this.#port.change(
        {
          apply: (record) => {
            if (!this.holds(record)) throw gone
            return { ...record, holder: null }
          },
          landed: (record) => !this.holds(record),
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
      const dueAt = this.#sentAt + everyMs
      const sendAt = this.#port.renewAt?.(dueAt, everyMs) ?? dueAt
      await this.#clock.sleep(Math.max(0, sendAt - this.#clock.now()), signal)
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
          if (!holder || !this.holds(record))
            throw new LeaseError('lease.lost', 'another instance has taken the lease', {
              hint: 'See who with `tgsession status`. If nobody should, look for a second copy of this app.',
            })
          sentAt ??= this.#clock.now()
          beat ??= holder.beat + 1
          return { ...record, holder: { ...holder, beat, ttlMs: Math.max(holder.ttlMs, this.#ttlMs) } }
        },
        landed: (record) => this.holds(record) && record.holder?.beat === beat,
      },
      { signal, patienceMs: Infinity },
    )
    // Nobody knows on which side of the sleep it was sent.
    if (this.#suspended) throw suspendedLease()
    this.#sentAt = sentAt ?? this.#sentAt
    this.#sentAtWall = this.#clock.wall() - (this.#clock.now() - this.#sentAt)
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
