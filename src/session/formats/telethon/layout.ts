import type { Columns } from '../../sqlite/file.ts'

interface Column {
  name: string
  type: string
  /** The first version that has it. */
  since: number
  isOptional?: boolean
}

const column = (name: string, type = 'integer', since = 1): Column => ({ name, type, since })
const KEY = 'integer primary key'

/**
 * Telethon's tables, in the order of their columns. `since`: the first version with this table; below 3 the one of sent
 * files has other columns. Source: telethon/sessions/sqlite.py, `_upgrade_database`.
 */
const TABLES: readonly { table: string; since: number; columns: readonly Column[]; key?: string }[] = [
  { table: 'version', since: 1, columns: [column('version', KEY)] },
  {
    table: 'sessions',
    since: 1,
    columns: [
      column('dc_id', KEY),
      column('server_address', 'text'),
      column('port'),
      column('auth_key', 'blob'),
      column('takeout_id', 'integer', 5),
      // Some files of version 8 do without.
      { ...column('tmp_auth_key', 'blob', 8), isOptional: true },
    ],
  },
  {
    table: 'entities',
    since: 1,
    columns: [
      column('id', KEY),
      column('hash', 'integer not null'),
      column('username', 'text'),
      column('phone'),
      column('name', 'text'),
      column('date', 'integer', 7),
    ],
  },
  {
    table: 'sent_files',
    since: 3,
    columns: [
      column('md5_digest', 'blob'),
      column('file_size'),
      column('type'),
      column('id'),
      column('hash'),
    ],
    key: 'md5_digest, file_size, type',
  },
  {
    table: 'update_state',
    since: 4,
    columns: [column('id', KEY), column('pts'), column('qts'), column('date'), column('seq')],
  },
]

/** The columns of a table of Telethon's in this version; undefined for another table. */
export function columnsIn(version: number, table: string): string[] | undefined {
  const found = TABLES.find((one) => one.table === table && one.since <= version)
  return found?.columns.filter(({ since }) => since <= version).map(({ name }) => name)
}

/** The statements for exactly this version's tables: Telethon counts the columns, and fails if there are others. */
export function createTables(version: number): string {
  return TABLES.filter(({ since }) => since <= version)
    .map(({ table, columns, key }) => {
      const lines = columns.filter(({ since }) => since <= version).map(({ name, type }) => `${name} ${type}`)
      return `create table ${table} (${[...lines, ...(key ? [`primary key(${key})`] : [])].join(', ')});`
    })
    .join('\n')
}

/** Where tables and version disagree, so that Telethon does not open the file or dies later. */
export function misfitsOf(version: number, columns: Columns): string[] {
  return TABLES.filter(({ since }) => since <= version).flatMap(({ table, columns: known }) => {
    const wanted = columnsIn(version, table) ?? []
    const found = columns.get(table)
    if (found === undefined) return [`the table ${table} of version ${version} is missing`]
    const missing = known
      .filter(({ name, isOptional }) => wanted.includes(name) && !isOptional && !found.has(name))
      .map(({ name }) => name)
    const strange = [...found].filter((name) => !wanted.includes(name))
    return [
      ...missing.map((name) => `version ${version} has a column ${name} in ${table}, and this file has none`),
      ...strange.map((name) => `version ${version} has no column ${name} in ${table}, and this file has one`),
    ]
  })
}
