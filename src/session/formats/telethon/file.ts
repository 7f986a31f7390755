import { EntityTable } from './entity-table.ts'
import { createTables } from './layout.ts'
import { plainTables, rowsOf } from '../../sqlite/pages/tables.ts'
import { SqlDatabase, type SqlRow, type SqlValue } from '../../sqlite/database.ts'
import { openSqliteFile } from '../open-file.ts'
import {
  bad,
  type Columns,
  columnsOf,
  recogniseSchema,
  type SqliteFile,
  withoutWal,
} from '../../sqlite/file.ts'

/**
 * Telethon's `.session` file: which tables it has, and whether some bytes are one. Versions 1 to 8 are read and
 * kept; new files are made as version 7 (Telethon 1.17 to 1.42). Source: telethon/sessions/sqlite.py.
 */
export const NEWEST_VERSION = 8

/** What a Telethon file held when it was opened. */
export interface TelethonTables {
  version: number
  columns: Columns
  /** All rows of a table that there is, by lower-case column name. */
  rows: (table: string) => SqlRow[]
  hashOf: (entity: bigint) => SqlValue | undefined
  /** The entities, if the file is plain enough to be read without SQLite. */
  entities: EntityTable | undefined
}

export interface TelethonFile extends SqliteFile, TelethonTables {}

const MADE_VERSION = 7

/** A new file without a login, as Telethon makes it. */
export async function createTelethonFile(): Promise<TelethonFile> {
  const db = await SqlDatabase.open()
  db.script(
    `${createTables(MADE_VERSION)} insert into version values (${MADE_VERSION});
    insert into sessions (dc_id, auth_key) values (0, x'');`,
  )
  return asTelethonFile({ db, columns: columnsOf(db) })
}

/**
 * Opens the bytes, which are not changed, nor may be while it is open. Throws `BadDataError`, with a code of its own for
 * each way in which they can be wrong.
 */
export async function openTelethonFile(bytes: Uint8Array): Promise<TelethonFile> {
  const file = await readTelethonFile(bytes)
  await file.db.start()
  return file
}

/** The same, but SQLite is not started for a file that can be read without: `db.start()` does it. */
export async function readTelethonFile(bytes: Uint8Array): Promise<TelethonFile> {
  const plain = plainTelethonTables(bytes)
  if (plain === undefined) return await openWithSqlite(bytes)
  return { ...plain, db: SqlDatabase.notStarted(withoutWal(bytes)) }
}

/** The same for what `plainTelethonTables` leaves to SQLite. */
export async function openWithSqlite(bytes: Uint8Array): Promise<TelethonFile> {
  const file = await openSqliteFile(bytes, 'a Telethon .session file')
  try {
    return asTelethonFile(file)
  } catch (error) {
    file.db.close()
    throw error
  }
}

/** The same for a database that is open already. */
export function asTelethonFile({ db, columns }: SqliteFile): TelethonFile {
  if (!isTelethon(columns)) refuseOtherSchemas(columns)
  const version = versionOf(db.all('select * from version').map(lowerCase))
  const rows = (table: string): SqlRow[] =>
    columns.has(table) && servesRows(version, table) ? db.all(`select * from ${table}`).map(lowerCase) : []
  const hashOf = (id: bigint): SqlValue | undefined =>
    columns.has('entities')
      ? db.get('select hash from entities where id = cast(? as integer)', id)?.['hash']
      : undefined
  return { db, columns, version, rows, hashOf, entities: undefined }
}

/** The tables without SQLite; undefined for what it has to read, or to refuse. */
export function plainTelethonTables(bytes: Uint8Array): TelethonTables | undefined {
  const tables = plainTables(bytes)
  const entities = tables?.get('entities')
  if (tables === undefined || entities?.columns[entities.idColumn] !== 'id') return undefined
  const columns = new Map([...tables].map(([name, table]) => [name, new Set(table.columns)]))
  if (!isTelethon(columns)) return undefined
  const all = (name: string): SqlRow[] => {
    const table = tables.get(name)
    return table === undefined ? [] : rowsOf(table)
  }
  const version = versionOf(all('version'))
  const rows = (name: string): SqlRow[] => (servesRows(version, name) ? all(name) : [])
  const table = new EntityTable(entities)
  const hashOf = (id: bigint): SqlValue | undefined => table.byId(id)?.hash
  return { columns, version, rows, hashOf, entities: servesRows(version, 'entities') ? table : undefined }
}

/** Telethon deletes all entities at its upgrade to version 6: some have the hash of another account's view. */
export function servesRows(version: number, table: string): boolean {
  return table !== 'entities' || version >= 6
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  version: ['version'],
  sessions: ['dc_id', 'server_address', 'port', 'auth_key'],
}

/** Of a table that may be missing. */
const ENTITY_COLUMNS = ['id', 'hash', 'username', 'phone', 'name']

export function isTelethon(columns: Columns): boolean {
  const hasAll = ([table, names]: [string, readonly string[]]): boolean =>
    names.every((name) => columns.get(table)?.has(name))
  const required = Object.entries({
    ...REQUIRED,
    ...(columns.has('entities') && { entities: ENTITY_COLUMNS }),
  })
  return required.every(hasAll) && !columns.get('sessions')?.has('session_id')
}

function refuseOtherSchemas(columns: Columns): never {
  const has = (table: string, column: string): boolean => columns.get(table)?.has(column) ?? false
  if (has('version', 'version') && has('sessions', 'salt') && has('sessions', 'layer'))
    throw bad('too_old', 'this is a session file of a Telethon before 0.16', 'Log in anew.')
  const schema = recogniseSchema(columns)
  const hint =
    schema.kind === 'pyrogram' || schema.kind === 'mtcute'
      ? 'Make one of it with `tgsession convert`.'
      : 'Name a .session file made by Telethon.'
  throw bad('foreign', `this is ${schema.name}; expected a Telethon .session file`, hint)
}

function lowerCase(row: SqlRow): SqlRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]))
}

function versionOf(rows: SqlRow[]): number {
  const version = rows[0]?.['version']
  if (rows.length !== 1 || typeof version !== 'bigint' || version < 1n)
    throw bad(
      'bad_version',
      'the session file does not say its version',
      'Restore a copy of it that is whole.',
    )
  if (version > BigInt(NEWEST_VERSION))
    throw bad(
      'too_new',
      `the session file has version ${version}; this release knows versions up to ${NEWEST_VERSION}`,
      'Update tgsession. The file was not changed.',
    )
  return Number(version)
}
