import { BadDataError } from '../../base/errors.ts'
import type { SqlDatabase } from './database.ts'

/** Lower-case column names by table, for the tables that there are. */
export type Columns = ReadonlyMap<string, ReadonlySet<string>>

/** A sound SQLite file, opened in memory, whose schema is not yet checked. */
export interface SqliteFile {
  db: SqlDatabase
  columns: Columns
}

/** A refusal of a file. `hint` says what to do next. */
export function bad(reason: string, message: string, hint: string): BadDataError {
  return new BadDataError(`session.${reason}`, message, { hint })
}

/** Journal mode delete, also for a file that was last used in WAL mode: bytes 18 and 19 say which it is. */
export function withoutWal(bytes: Uint8Array): Uint8Array {
  return bytes[18] === 1 && bytes[19] === 1 ? bytes : new Uint8Array(bytes).fill(1, 18, 20)
}

/** Of ordinary tables: what a virtual one holds only its own module can say, which SQLite may not have. */
export function columnsOf(db: SqlDatabase): Map<string, Set<string>> {
  const columns = (name: string): Set<string> => {
    const rows = db.all('select name from pragma_table_info(?)', name)
    return new Set(rows.map((column) => String(column['name']).toLowerCase()))
  }
  return new Map(tableNames(db).map((name) => [name.toLowerCase(), columns(name)]))
}

/** The integrity check, table by table where a virtual one would need its module. */
export function isSoundDatabase(db: SqlDatabase): boolean {
  const isOk = (sql: string): boolean => Object.values(db.get(sql) ?? {})[0] === 'ok'
  if (db.get(`select 1 from sqlite_master where ${VIRTUAL}`) === undefined)
    return isOk('pragma quick_check(1)')
  return tableNames(db).every((name) => isOk(`pragma quick_check('${name.replaceAll("'", "''")}')`))
}

const VIRTUAL = `sql like 'create virtual%'`

function tableNames(db: SqlDatabase): string[] {
  const rows = db.all(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' and not ${VIRTUAL}`,
  )
  return rows.map((row) => String(row['name']))
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
