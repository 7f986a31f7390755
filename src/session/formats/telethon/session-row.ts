import type { SqlRow, SqlValue } from '../../sqlite/database.ts'
import type { AuthState } from '../../core/storage.ts'
import { bad, type SqliteFile } from '../../sqlite/file.ts'
import type { TelethonTables } from './file.ts'

/** Telethon's `sessions` row, with the temporary key that version 8 may hold (kept, never used). */
export interface SessionRow extends AuthState {
  temporaryKey: Uint8Array | undefined
}

const KEY_BYTES = 256
const EMPTY: SessionRow = {
  dcId: 0,
  serverAddress: undefined,
  port: 443,
  authKey: undefined,
  takeoutId: undefined,
  temporaryKey: undefined,
}

/**
 * The row that counts: the first one, as Telethon takes it, that holds a key. Builds of Telethon between 0.16 and 0.16.1
 * kept one row per data centre. Throws `BadDataError`: `session.bad_row`.
 */
export function readSessionRow(tables: TelethonTables): SessionRow {
  const rows = sessionRows(tables)
  return rows.find((row) => row.authKey !== undefined) ?? rows[0] ?? EMPTY
}

export function sessionRows({ rows }: TelethonTables): SessionRow[] {
  return rows('sessions').map(parseRow)
}

/** The account's own id, which Telethon keeps as the hash of entity 0. */
export function ownUserId({ hashOf }: TelethonTables): bigint | undefined {
  const id = hashOf(0n)
  return typeof id === 'bigint' ? id : undefined
}

/** Within a transaction. Writes the one row by column name, since the order of version 8's columns differs from file to file. */
export function writeSessionRow({ db, columns }: SqliteFile, row: SessionRow): void {
  const values: Record<string, [sql: string, value: SqlValue]> = {
    dc_id: ['cast(? as integer)', BigInt(row.dcId)],
    server_address: ['?', row.serverAddress ?? null],
    port: ['cast(? as integer)', row.serverAddress === undefined ? null : BigInt(row.port)],
    auth_key: [`coalesce(?, x'')`, row.authKey ?? null],
    takeout_id: ['cast(? as integer)', row.takeoutId ?? null],
    tmp_auth_key: [`coalesce(?, x'')`, row.temporaryKey ?? null],
  }
  const names = Object.keys(values).filter((name) => columns.get('sessions')?.has(name))
  const sql = names.map((name) => values[name]?.[0])
  const bound = names.map((name) => values[name]?.[1] ?? null)
  db.run('delete from sessions')
  db.run(`insert into sessions (${names.join(', ')}) values (${sql.join(', ')})`, ...bound)
}

function parseRow(row: SqlRow): SessionRow {
  // Telethon 1.43 and 1.44 swap these two on writing, so each is known by its type only.
  const loose = [row['takeout_id'], row['tmp_auth_key']]
  return {
    dcId: whole(row['dc_id'], 'dc_id', 0, 10_000) ?? 0,
    serverAddress: address(row['server_address']),
    port: whole(row['port'], 'port', 0, 65_535) || 443,
    authKey: key(row['auth_key'] ?? null),
    takeoutId: loose.find((value) => typeof value === 'bigint'),
    temporaryKey: loose.find(isKey),
  }
}

function isKey(value: SqlValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === KEY_BYTES
}

function key(value: SqlValue): Uint8Array | undefined {
  if (value === null || (value instanceof Uint8Array && value.length === 0)) return undefined
  if (isKey(value)) return value
  throw badRow('auth_key')
}

function address(value: SqlValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw badRow('server_address')
}

function whole(value: SqlValue | undefined, column: string, from: number, to: number): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'bigint' && value >= from && value <= to) return Number(value)
  throw badRow(column)
}

function badRow(column: string): Error {
  return bad(
    'bad_row',
    `the session file's ${column} is not what Telethon writes there`,
    'Restore a copy of it that is whole.',
  )
}
