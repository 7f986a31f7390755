import type { OnProgress } from '../store/store.ts'
import type { Current, Head, Revision } from './head.ts'
import type { Lease } from '../lease/lease.ts'
import type { LeaseOptions } from '../lease/take.ts'

export interface Restored {
  revision: Current
  bytes: Uint8Array
}

/** `quarantined`: kept, but not served, because of `reason`. */
export type SaveOutcome =
  | { outcome: 'saved' | 'unchanged'; revision: Revision }
  | { outcome: 'quarantined'; revision: Revision; reason: string }

export type { OnProgress }

interface Patience {
  signal?: AbortSignal | undefined
  patienceMs?: number | undefined
}

interface Transfer {
  signal?: AbortSignal | undefined
  /** Told how many bytes have moved, by a place that knows. */
  onProgress?: OnProgress | undefined
}

/** A session where it is kept, as `run` needs it: a replica in a store, or a session of a container. */
export interface KeptSession {
  readonly name: string
  readonly store: { readonly label: string }
  /** What was seen last without asking; undefined where a holder would have to ask. */
  readonly lastSeen: Pick<Head, 'current'> | undefined
  status(options?: Patience): Promise<Pick<Head, 'current'>>
  lease(options?: Pick<LeaseOptions, 'signal' | 'onWaiting' | 'stillWanted'>): Promise<Lease>
  restore(options?: Transfer & { lease?: Lease | undefined }): Promise<Restored>
  save(lease: Lease, base: Revision, bytes: Uint8Array, options?: Transfer): Promise<SaveOutcome>
  markDead(lease: Lease, base: Revision, reason: NonNullable<Current['dead']>): Promise<void>
}

/** The same, as a login needs it. `Attempt` is what it remembers of a login that was begun. */
export interface LoginPlace<Attempt> {
  readonly name: string
  readonly store: { readonly label: string }
  /** What a person types to store a session that he has as a file. */
  storeCommand(file: string): string
  status(): Promise<Pick<Head, 'current' | 'holder'>>
  beginLogin(options: { replace?: boolean }): Promise<Attempt>
  failLogin(attempt: Attempt, code: string, blockedUntil?: Date): Promise<void>
  finishLogin(attempt: Attempt, bytes: Uint8Array, options?: Transfer): Promise<SaveOutcome>
}
