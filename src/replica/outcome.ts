import type { Claimed } from './claims.ts'
import type { Current, Revision } from './head.ts'

export interface Restored {
  revision: Current
  bytes: Uint8Array
}

/** `quarantined`: kept, but not served, because of `reason`. */
export type SaveOutcome =
  | { outcome: 'saved' | 'unchanged'; revision: Revision; claim?: Claimed | undefined }
  | { outcome: 'quarantined'; revision: Revision; reason: string }
