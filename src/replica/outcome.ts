import type { Claimed } from './claims.ts'
import type { Current, Revision } from './head.ts'

/** A session from the store. */
export interface Restored {
  /** Which one it is; `save` wants it as `base`. */
  revision: Current
  /** The session file; a secret. */
  bytes: Uint8Array
}

/** `quarantined`: kept, but not served, because of `reason`. */
export type SaveOutcome =
  | { outcome: 'saved' | 'unchanged'; revision: Revision; claim?: Claimed | undefined }
  | { outcome: 'quarantined'; revision: Revision; reason: string }
