import type { Lease } from '../lease/lease.ts'
import type { QueuedSession } from './queued-session.ts'

/** A session in use, under its lease. Close it: what changed is written then, and the next instance can take over. */
export class OpenedSession<Session> {
  readonly id: string
  readonly session: Session
  readonly #queued: QueuedSession
  readonly #lease: Lease
  readonly #onClosed: () => void
  readonly #users = new Set<() => Promise<unknown> | void>()
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** Use `container.open`. */
  constructor(session: Session, queued: QueuedSession, lease: Lease, onClosed: () => void) {
    this.id = queued.id
    this.session = session
    this.#queued = queued
    this.#lease = lease
    this.#onClosed = onClosed
    lease.signal.addEventListener('abort', () => void this.#stop(), { once: true })
  }

  /** Fires when the session must not be used any more, with a `LeaseError` as its reason. */
  get signal(): AbortSignal {
    return this.#lease.signal
  }

  /** Grows with every holder: the fencing token of everything that is written. */
  get generation(): number {
    return this.#lease.generation
  }

  /**
   * What uses the session: `disconnect` runs when the lease is lost, and before it is released. It must end with all
   * sockets closed, as `disconnectClient` does.
   */
  attach(disconnect: () => Promise<unknown> | void): void {
    this.#users.add(disconnect)
  }

  /**
   * Disconnects what is attached, writes what waits and releases of the lease, in this order. Throws as
   * `session.flush()`, after the lease was released, and what releasing throws.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    try {
      await this.#stop()
      await this.#queued.close()
    } finally {
      this.#queued.detach()
      this.#onClosed()
      await this.#lease.release()
    }
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#disconnect()
    return this.#stopping
  }

  async #disconnect(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#users].map(async (disconnect) => disconnect()))
    // One that fails must not keep the others from it, nor from the last save.
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') this.#queued.core.report(outcome.reason)
  }
}
