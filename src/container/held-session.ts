import type { Lease } from '../lease/lease.ts'
import type { QueuedSession } from './queued-session.ts'
import type { DeadReason } from './rows/stored.ts'

export interface HeldSessionOptions {
  session: QueuedSession
  lease: Lease
  /** Writes down that Telegram does not accept the auth key any more. */
  markDead(reason: DeadReason): Promise<void>
  /** Another may open it from now on. */
  onClosed(): void
}

/** A session under its lease, without a client: `OpenedSession` of the client libraries is built on it. */
export class HeldSession {
  readonly session: QueuedSession
  readonly lease: Lease
  readonly #options: HeldSessionOptions

  constructor(options: HeldSessionOptions) {
    this.session = options.session
    this.lease = options.lease
    this.#options = options
  }

  get id(): string {
    return this.session.id
  }

  /** Fires when the session must not be used any more, with a `LeaseError` as its reason. */
  get signal(): AbortSignal {
    return this.lease.signal
  }

  get generation(): number {
    return this.lease.generation
  }

  markDead(reason: DeadReason): Promise<void> {
    return this.#options.markDead(reason)
  }

  /** Frees the memory, written or not. The lease is the caller's to release. */
  drop(): void {
    this.session.detach()
    this.#options.onClosed()
  }

  /** Writes what waits, and releases the lease, also if writing fails. Throws as `session.close()`. */
  async close(): Promise<void> {
    try {
      await this.session.close()
    } finally {
      this.drop()
      await this.lease.release()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
