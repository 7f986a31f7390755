import type { SqlRow, SqlValue } from '../sqlite/database.ts'
import { bad } from '../sqlite/file.ts'

/** Values of the rows of other libraries' files, checked by type: a wrong one is refused by its column's name. */
const KEY_BYTES = 256

export function keyValue(row: SqlRow, column: string): Uint8Array | undefined {
  const value = row[column] ?? null
  if (value === null || (value instanceof Uint8Array && value.length === 0)) return undefined
  if (value instanceof Uint8Array && value.length === KEY_BYTES) return value
  throw badColumn(column)
}

export function integerValue(row: SqlRow, column: string): bigint | undefined {
  const value = row[column] ?? null
  if (value === null) return undefined
  if (typeof value === 'bigint') return value
  throw badColumn(column)
}

export function textValue(row: SqlRow, column: string): string | undefined {
  const value = row[column] ?? null
  if (value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw badColumn(column)
}

export function numberValue(row: SqlRow, column: string, from: number, to: number): number | undefined {
  const value = integerValue(row, column)
  if (value === undefined) return undefined
  if (value >= from && value <= to) return Number(value)
  throw badColumn(column)
}

/** Digits as Telegram writes a phone number; anything else counts as none. */
export function phoneValue(value: SqlValue | undefined): bigint | null {
  return (typeof value === 'string' || typeof value === 'bigint') && /^\d{1,18}$/.test(String(value))
    ? BigInt(value)
    : null
}

export function badColumn(column: string): Error {
  return bad(
    'bad_row',
    `the session file's ${column} is not what its library writes there`,
    'Restore a copy of it that is whole.',
  )
}
