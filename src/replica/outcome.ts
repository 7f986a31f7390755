import type { Current, Revision } from './head.ts'

export interface Restored {
  revision: Current
  bytes: Uint8Array
}

/** `quarantined`: kept, but not served, because of `reason`. */
export type SaveOutcome =
  | { outcome: 'saved' | 'unchanged'; revision: Revision }
  | { outcome: 'quarantined'; revision: Revision; reason: string }
