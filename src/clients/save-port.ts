import type { Report } from '../base/life/report.ts'
import type { AnyClient } from '../telegram/client/internals.ts'
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

/** What a second login of the same account needs. */
export interface ForkRequest {
  /** Of the application, from https://my.telegram.org. */
  apiId: number
  /** 32 hex digits, from the same place. */
  apiHash: string
  /** How Telegram's list of devices calls it. Default: `tgsession (fork)`. */
  deviceModel?: string | undefined
  /** Asks for the password of two-step verification, three times at most. Needed only if the account has one. */
  password?: ((question: { hint?: string | undefined; attempt: number }) => Promise<string>) | undefined
  /** Ends it; its reason is thrown. */
  signal?: AbortSignal | undefined
}

/** A second login of the same account. */
export interface ForkedLogin {
  /** The session as a Telethon file (version 7); a secret. */
  session: Uint8Array
  /** auth_key_id as 16 hex digits, see `verifySession`. */
  keyFingerprint: string
  /** Whose it is: decimal. */
  userId: string
}

/** A session under its lease, as an `OpenedSession` needs it. */
export interface Held<Session> {
  /** The name in the store, or the id in the container. */
  id: string
  session: Session
  lease: Lease
  /** `signal` fires when every save must be given up: the host does not wait any longer. */
  /** Lets a second login in, by a client that is connected; absent where that is not offered. */
  fork?: ((client: AnyClient, request: ForkRequest) => Promise<ForkedLogin>) | undefined
  savePort(how: { signal: AbortSignal; report: Report; stop: (why: string) => void }): SavePort
}
