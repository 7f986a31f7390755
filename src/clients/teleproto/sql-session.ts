import { BaseSession, saved } from './base-session.ts'
import type { QueuedSession } from '../../container/queued-session.ts'

/** What `SqlSession` is for GramJS: a session for teleproto in a container, with the same members. */
export class SqlSession extends BaseSession {
  readonly #queued: QueuedSession

  /** Use `container.newSession` or `container.open`. */
  constructor(queued: QueuedSession) {
    super(queued.core)
    this.#queued = queued
  }

  get id(): string {
    return this.#queued.id
  }

  override load(): Promise<void> {
    return this.#queued.load()
  }

  override save(): Promise<void> & void {
    return saved(this.#queued.flush())
  }

  flush(options: { patienceMs?: number | undefined } = {}): Promise<void> {
    return this.#queued.flush(options.patienceMs)
  }

  override close(): Promise<void> {
    return this.#queued.close()
  }

  override delete(): Promise<void> {
    return this.#queued.delete()
  }
}
