import { FAMILY_NAMES, type FamilyName } from '../../session/formats/family.ts'
import { STRING_FORMATS, type StringFormatName } from '../../session/formats/portable-session.ts'

/** What can be made of a session: a file of a family, or the string of a library. */
export type TargetFormat = FamilyName | `${StringFormatName}-string`

export const STRING_TARGETS = STRING_FORMATS.map((name) => `${name}-string` as const)
export const TARGETS: readonly TargetFormat[] = [...FAMILY_NAMES, ...STRING_TARGETS]

/** Of which library the string is; undefined for a file. */
export function stringFormat(target: string): StringFormatName | undefined {
  return STRING_FORMATS.find((name) => target === `${name}-string`)
}
