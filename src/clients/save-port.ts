import type { Report } from '../base/life/report.ts'
import type { Lease } from '../lease/lease.ts'

/** Where an opened session's changes go: to a replica in a store, or to the rows of a container. */
export interface SavePort {
  /** Saves in the background. Resolves with why the session must not be used any more; rejects as `signal` says. */
  watch(signal: AbortSignal): Promise<string>
  /**
   * Saves what has changed, for the last time.
   * @throws LeaseError if another holds the lease; anything else if the changes could not be saved
   */
  saveLast(): Promise<void>
  /** Writes down that Telegram does not accept the auth key any more. */
  markDead(reason: 'revoked' | 'duplicated'): Promise<void>
  /** After the lease was released. */
  close(): Promise<void>
}

/** A session under its lease, as an `OpenedSession` needs it. */
export interface Held<Session> {
  /** The name in the store, or the id in the container. */
  id: string
  session: Session
  lease: Lease
  /** `signal` fires when every save must be given up: the host does not wait any longer. */
  savePort(how: { signal: AbortSignal; report: Report; stop: (why: string) => void }): SavePort
}
