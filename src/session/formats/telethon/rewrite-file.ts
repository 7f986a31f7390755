import type { ServerAddress } from '../portable-session.ts'
import { readSessionRow, writeSessionRow } from './session-row.ts'
import { SqlDatabase, type SqlRow } from '../../sqlite/database.ts'
import { bad, columnsOf } from '../../sqlite/file.ts'
import type { TelethonFile } from './file.ts'

/**
 * The same session in a fresh file of the same version, with plain tables only: an SQLite older than 3.8.2 calls a
 * WITHOUT ROWID table "malformed database schema", and with it the whole file. Every row of every table is kept, also of
 * tables that are not Telethon's; indexes, views and triggers are not, and look-ups do without them.
 * Throws `BadDataError` as `readSessionRow` does, and `session.corrupt`.
 */
export async function rewriteTelethonFile(
  file: TelethonFile,
  { server, userId }: { server?: ServerAddress | undefined; userId?: bigint | undefined },
): Promise<Uint8Array> {
  const row = { ...readSessionRow(file), ...server }
  const db = await SqlDatabase.open()
  try {
    db.transaction(() => {
      for (const table of tablesOf(file.db)) copyTable(file.db, db, table)
      // Telethon 1.43 and 1.44 swapped two columns of the row, and some builds kept several; this writes it as it is meant.
      if (row.dcId !== 0) writeSessionRow({ db, columns: columnsOf(db) }, row)
      if (userId !== undefined)
        db.run('insert or replace into entities (id, hash) values (0, cast(? as integer))', userId)
    })
    return db.export()
  } finally {
    db.close()
  }
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
  const names = columns.map((column) => quoted(String(column['name']))).join(', ')
  // sql.js takes BigInt as text only, so integers are told apart from texts by their type.
  const insert = (row: SqlRow): void => {
    const values = Object.values(row)
    const marks = values.map((value) => (typeof value === 'bigint' ? 'cast(? as integer)' : '?'))
    to.run(`insert into ${quoted(table)} (${names}) values (${marks.join(', ')})`, ...values)
  }
  from.each(`select ${names} from ${quoted(table)}`, [], insert)
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
