import { BadDataError } from '../errors.ts'
import { recognise } from './recognise.ts'
import { SqlDatabase, type SqlRow } from './sql.ts'

/** Lower-case column names by table, for the tables that there are. */
export type Columns = ReadonlyMap<string, ReadonlySet<string>>

/** A sound SQLite file, opened in memory, whose schema nobody has looked at yet. */
export interface SqliteFile {
  db: SqlDatabase
  columns: Columns
}

/** A refusal of a file. `hint` says what to do next. */
export function bad(reason: string, message: string, hint: string): BadDataError {
  return new BadDataError(`session.${reason}`, message, { hint })
}

/**
 * Opens a copy of the bytes of an SQLite file. `expected` is what the caller hoped for, for the message of the refusal.
 * Throws `BadDataError`: `session.empty`, `.encrypted`, `.foreign`, `.garbage`, `.truncated`, `.corrupt`.
 */
export async function openSqliteFile(bytes: Uint8Array, expected: string): Promise<SqliteFile> {
  refuseOtherFormats(bytes, `expected ${expected}`)
  const db = await SqlDatabase.open(withoutWal(bytes))
  try {
    const found = Object.values(db.get('pragma quick_check(1)') ?? {})[0]
    if (found !== 'ok')
      throw bad(
        'corrupt',
        'the session file is damaged (the integrity check fails)',
        'Restore a copy of it that is whole.',
      )
    return { db, columns: columnsOf(db) }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Journal mode delete, also for a file that was last used in WAL mode: bytes 18 and 19 say which it is. */
export function withoutWal(bytes: Uint8Array): Uint8Array {
  return bytes[18] === 1 && bytes[19] === 1 ? bytes : new Uint8Array(bytes).fill(1, 18, 20)
}

export function columnsOf(db: SqlDatabase): Map<string, Set<string>> {
  const tables = db.all(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
  )
  const columns = (row: SqlRow): Set<string> => {
    const rows = db.all('select name from pragma_table_info(?)', row['name'] ?? null)
    return new Set(rows.map((column) => String(column['name']).toLowerCase()))
  }
  return new Map(tables.map((row) => [String(row['name']).toLowerCase(), columns(row)]))
}

/** Whose database it is, if it is not Telethon's. */
export function recogniseSchema(columns: Columns): { kind: 'pyrogram' | 'mtcute' | 'other'; name: string } {
  const has = (table: string, column: string): boolean => columns.get(table)?.has(column) ?? false
  if (columns.size === 0) return { kind: 'other', name: 'an SQLite database without any table' }
  if (has('version', 'number') && columns.has('peers'))
    return { kind: 'pyrogram', name: 'a Pyrogram (or Kurigram) session' }
  if (columns.has('mtcute_migrations') || has('auth_keys', 'dc'))
    return { kind: 'mtcute', name: 'an mtcute session' }
  if ([...columns.values()].some((names) => names.has('session_id') && names.has('auth_key')))
    return { kind: 'other', name: 'an alchemysession database' }
  return { kind: 'other', name: 'an SQLite database of another program' }
}

function refuseOtherFormats(bytes: Uint8Array, expected: string): void {
  const found = recognise(bytes)
  if (found.kind === 'empty')
    throw bad('empty', `the file is empty; ${expected}`, 'Restore a copy, or log in.')
  if (found.kind === 'encrypted')
    throw bad(
      'encrypted',
      `this is ${found.name}; ${expected}`,
      'Decrypt it first, with the key it was made for.',
    )
  if (found.kind === 'string')
    throw bad('foreign', `this is ${found.name}; ${expected}`, 'Make one of it with `tgsession convert`.')
  if (found.kind === 'foreign')
    throw bad('foreign', `this is ${found.name}; ${expected}`, 'Name the .session file itself.')
  if (found.kind === 'unknown')
    throw bad('garbage', `this is nothing known; ${expected}`, 'Check that the right file was named.')
  const wanted = expectedBytes(bytes)
  if (bytes.length < wanted)
    throw bad(
      'truncated',
      `the file ends after ${bytes.length} of ${wanted} bytes`,
      'Copy it again, as a whole.',
    )
}

/** How long the header says that the file is (SQLite file format, section 1.3). */
function expectedBytes(bytes: Uint8Array): number {
  if (bytes.length < 512) return 512
  const header = new DataView(bytes.buffer, bytes.byteOffset, 100)
  const pageSize = header.getUint16(16) === 1 ? 65_536 : header.getUint16(16)
  // Versions before 3.7.0 leave the page count stale, which these two counters show.
  const isCurrent = header.getUint32(24) === header.getUint32(92)
  return isCurrent ? pageSize * header.getUint32(28) : 512
}
