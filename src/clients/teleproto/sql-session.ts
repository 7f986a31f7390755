import { BaseSession, saved } from './base-session.ts'
import type { QueuedSession } from '../../container/queued-session.ts'

/**
 * A session for teleproto in a container. Nothing can be asked of it before `load()`, which `client.connect()` awaits.
 * Changes are written behind: await `close()` at the end, which teleproto does not do.
 */
export class SqlSession extends BaseSession {
  readonly #queued: QueuedSession

  /** @internal Use `container.newSession` or `container.open`. */
  constructor(queued: QueuedSession) {
    super(queued.core)
    this.#queued = queued
  }

  /** In its container. */
  get id(): string {
    return this.#queued.id
  }

  /**
   * Reads it. Throws `LeaseError` (`lease.held`) for a session without a lease that somebody else holds, what opening
   * its key throws (`container.wrong_key`, `container.damaged_key`, `container.no_key`), and `container.unreachable`.
   */
  override load(): Promise<void> {
    return this.#queued.load()
  }

  /** Writes what waits. Throws as `flush()`. */
  override save(): Promise<void> & void {
    return saved(this.#queued.flush())
  }

  /**
   * Waits for what is queued. Throws `SaveFailedError` (`container.save_failed`) after `patienceMs` (default 10 s) of
   * failures, and `LeaseError` (`lease.lost`).
   */
  flush(options: { patienceMs?: number | undefined } = {}): Promise<void> {
    return this.#queued.flush(options.patienceMs)
  }

  /** Flushes and frees the memory. Throws as `flush()`, and stays open then. */
  override close(): Promise<void> {
    return this.#queued.close()
  }

  /** Forgets the key (an `auth` change) and removes the session from the database, after a logout. */
  override delete(): Promise<void> {
    return this.#queued.delete()
  }
}
