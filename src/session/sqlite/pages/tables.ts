import type { SqlRow, SqlValue } from '../database.ts'
import { type Layout, layoutOf } from './layout.ts'
import { Row } from './record.ts'
import { isSound } from './soundness.ts'
import { eachCell } from './tree.ts'

/** A table whose rows lie in a b-tree by their ids. */
export interface PlainTable {
  layout: Layout
  root: number
  /** Lower-case names, in the order of the record. */
  columns: readonly string[]
  /** Which column is another name of the row's id; -1 if there is none. */
  idColumn: number
}

/** By lower-case name. */
export type PlainTables = ReadonlyMap<string, PlainTable>

/**
 * The tables of a sound SQLite file, to be read where they lie. Undefined for a file that is not sound, or not of the kind
 * that Telethon and we write (WITHOUT ROWID, views, what else SQL can declare): what it is then, SQLite says.
 */
export function plainTables(bytes: Uint8Array): PlainTables | undefined {
  const layout = layoutOf(bytes)
  if (layout === undefined) return undefined
  const schema = { layout, root: 1, columns: ['type', 'name', 'tbl_name', 'rootpage', 'sql'], idColumn: -1 }
  const roots = (): number[] =>
    rowsOf(schema).map(({ rootpage }) => (typeof rootpage === 'bigint' ? Number(rootpage) : 0))
  if (!isSound(layout, roots)) return undefined
  const tables = new Map<string, PlainTable>()
  for (const { type, name, tbl_name: owner, rootpage, sql } of rowsOf(schema)) {
    const declared = type === 'table' && name === owner ? declaration(String(sql), String(name)) : undefined
    if (declared !== undefined)
      tables.set(String(name).toLowerCase(), { layout, root: Number(rootpage), ...declared })
    else if (type !== 'index' || !isIndex(String(name), String(owner), sql ?? null, tables)) return undefined
  }
  return tables
}

export function rowsOf({ layout, root, columns, idColumn }: PlainTable): SqlRow[] {
  const row = new Row(layout)
  const rows: SqlRow[] = []
  eachCell(layout, root, (cell) => {
    const values = row.at(cell).values()
    const value = (k: number): SqlValue => (k === idColumn ? BigInt(row.rowid) : (values[k] ?? null))
    rows.push(Object.fromEntries(columns.map((name, k) => [name, value(k)])))
  })
  return rows
}

/** JavaScript knows more kinds of white space than SQL. */
const PLAIN = /^[\w "'(),\t\n\f\r]+$/
const TABLE = /^create table ["']?(\w+)["']?\s*\(([^'"`[\]]*)\)$/i
const COLUMN = /^(\w+)(?: (integer|text|blob))?( primary key)?(?: not null)?$/i
const KEY = /^primary key\s*\(([\w ,]+)\)$/i
const INDEX = /^create index (?:if not exists )?(\w+) on (\w+)\s*\(([\w ,]+)\)$/i

/** Any other name may be a word of SQL (`set` is one letter away from `seq`): then SQLite has to say what it is. */
const NAMES = new Set(
  [
    'version dc_id server_address port auth_key takeout_id tmp_auth_key id hash username phone name date',
    'md5_digest file_size type file_id part_count pts qts seq',
  ].flatMap((names) => names.split(' ')),
)

/** Only what Telethon's releases declare is understood, so that nothing is misunderstood. */
function declaration(sql: string, table: string): Pick<PlainTable, 'columns' | 'idColumn'> | undefined {
  const [, name, body] = (PLAIN.test(sql) && TABLE.exec(sql.trim())) || []
  // A comma within parentheses separates columns of a key, not of the table.
  const parts = body?.split(/,(?![^(]*\))/).map((part) => part.trim().replaceAll(/\s+/g, ' ')) ?? []
  const declared = parts.filter((part) => !KEY.test(part)).map((part) => COLUMN.exec(part))
  const columns = declared.map((column) => String(column?.[1]).toLowerCase())
  const keys = parts.flatMap((part) => namesIn(KEY.exec(part)?.[1]))
  const isUnderstood =
    name === table &&
    columns.every((column) => NAMES.has(column)) &&
    new Set(columns).size === columns.length &&
    keys.every((key) => columns.includes(key))
  const idColumn = declared.findIndex((column) => column?.[3] && column[2]?.toLowerCase() === 'integer')
  return isUnderstood ? { columns, idColumn } : undefined
}

function isIndex(name: string, owner: string, sql: SqlValue, tables: PlainTables): boolean {
  // SQLite makes those of keys by itself, without a text.
  if (sql === null) return tables.has(owner.toLowerCase()) && name === `sqlite_autoindex_${owner}_1`
  const [, index, table, names] = (PLAIN.test(String(sql)) && INDEX.exec(String(sql))) || []
  const columns = tables.get(owner.toLowerCase())?.columns
  return index === name && table === owner && namesIn(names).every((column) => columns?.includes(column))
}

function namesIn(list = ''): string[] {
  return list.split(',').flatMap((name) => name.trim().toLowerCase() || [])
}
