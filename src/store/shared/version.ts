import type { Version } from '../store.ts'

/** Only backends make versions: of what their service calls one. */
export function toVersion(text: string): Version {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is put on
  return text as Version
}
