/** A TL value in memory: long as bigint, int as number, int128, int256 and bytes as Uint8Array. */
export type TlValue = string | number | bigint | boolean | Uint8Array | TlObject | readonly TlValue[]

/** A constructor's value; `_` is its name in the schema. */
export interface TlObject {
  readonly _: string
  readonly [field: string]: TlValue | undefined
}

export function isTlObject(value: TlValue | undefined): value is TlObject {
  return typeof value === 'object' && '_' in value
}
