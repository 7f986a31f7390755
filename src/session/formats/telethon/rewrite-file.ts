import { UsageError } from '../../../base/errors.ts'
import { knownAddress } from '../data-centres.ts'
import type { ServerAddress } from '../portable-session.ts'
import { columnsIn, createTables } from './layout.ts'
import { readSessionRow, writeSessionRow } from './session-row.ts'
import { SqlDatabase, type SqlRow } from '../../sqlite/database.ts'
import { bad, columnsOf } from '../../sqlite/file.ts'
import type { TelethonFile } from './file.ts'

export const OLDEST_MADE = 4

export interface RewriteOptions {
  server?: ServerAddress | undefined
  userId?: bigint | undefined
  /** For a Telethon that knows no newer version than this one, 4 to 8. Default: the file's own. */
  version?: number | undefined
}

/**
 * The same session in a fresh file with plain tables only: an SQLite older than 3.8.2 calls a WITHOUT ROWID table
 * "malformed database schema", and with it the whole file. Telethon's tables get exactly the columns of their version;
 * other tables are kept with all of their rows. Indexes, views, triggers and virtual tables are not, and look-ups do
 * without them. Throws `BadDataError` as `readSessionRow` does, and `session.corrupt`; `UsageError`
 * (`session.cannot_make_version`) for a version above the file's own, or below 4.
 */
export async function rewriteTelethonFile(
  file: TelethonFile,
  { server, userId, version = file.version }: RewriteOptions = {},
): Promise<Uint8Array> {
  if (version > file.version || (version < OLDEST_MADE && version !== file.version))
    throw cannotMake(version, file.version)
  const row = { ...readSessionRow(file), ...server }
  // A client takes a key without an address to a data centre of its own choice, which does not know it.
  if (row.serverAddress === undefined && row.authKey !== undefined)
    Object.assign(row, knownAddress(row.dcId, false))
  const db = await SqlDatabase.open()
  try {
    db.script(createTables(version))
    const made = columnsOf(db)
    db.transaction(() => {
      for (const table of tablesOf(file.db)) {
        const names = columnsIn(version, table.toLowerCase())
        if (names === undefined) copyTable(file.db, db, table)
        else if (table.toLowerCase() !== 'version')
          copyRows(
            file.db,
            db,
            table,
            names.filter((name) => file.columns.get(table.toLowerCase())?.has(name)),
          )
      }
      db.run(`insert into version values (${version})`)
      // Telethon 1.43 and 1.44 swapped two columns of the row, and some builds kept several; this writes it as it is meant.
      if (row.dcId !== 0) writeSessionRow({ db, columns: made }, row)
      if (userId !== undefined)
        db.run('insert or replace into entities (id, hash) values (0, cast(? as integer))', userId)
    })
    return db.export()
  } finally {
    db.close()
  }
}

function cannotMake(version: number, own: number): UsageError {
  return new UsageError(
    'session.cannot_make_version',
    `no file of version ${version} can be made of one of version ${own}`,
    {
      hint: `${OLDEST_MADE} is the oldest that is made. Leave the version out: a newer Telethon upgrades the file by itself.`,
    },
  )
}

function tablesOf(db: SqlDatabase): string[] {
  const rows = db.all(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' and
      sql not like 'create virtual%' order by rowid`,
  )
  return rows.map((row) => String(row['name']))
}

function copyTable(from: SqlDatabase, to: SqlDatabase, table: string): void {
  const columns = from.all('select * from pragma_table_info(?)', table)
  to.run(`create table ${quoted(table)} (${definition(columns)})`)
  copyRows(
    from,
    to,
    table,
    columns.map((column) => String(column['name'])),
  )
}

function copyRows(from: SqlDatabase, to: SqlDatabase, table: string, columns: readonly string[]): void {
  const names = columns.map(quoted).join(', ')
  // sql.js takes BigInt as text only, so integers and texts differ by their type.
  const insert = (row: SqlRow): void => {
    const values = Object.values(row)
    const marks = values.map((value) => (typeof value === 'bigint' ? 'cast(? as integer)' : '?'))
    to.run(`insert into ${quoted(table)} (${names}) values (${marks.join(', ')})`, ...values)
  }
  if (columns.length > 0) from.each(`select ${names} from ${quoted(table)}`, [], insert)
}

/** Name, type and not-null of each column and the primary key: what every SQLite understands. */
function definition(columns: SqlRow[]): string {
  const keys = columns
    .filter((column) => Number(column['pk']) > 0)
    .toSorted((a, b) => Number(a['pk']) - Number(b['pk']))
  const lines = columns.map((column) => {
    const type = String(column['type'] ?? '')
    if (!/^[\w ,()]*$/.test(type))
      throw bad('corrupt', 'the file declares a strange type', 'Use another copy.')
    const own = keys.length === 1 && keys[0] === column ? ' primary key' : ''
    return `${quoted(String(column['name']))} ${type}${own}${column['notnull'] === 1n ? ' not null' : ''}`
  })
  const key = keys.map((column) => quoted(String(column['name']))).join(', ')
  return [...lines, ...(keys.length > 1 ? [`primary key (${key})`] : [])].join(', ')
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
