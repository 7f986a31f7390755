import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { checkPrefix, type TableName } from './schema.ts'
import type { SqlKind } from '../../sql/kind.ts'

type Type = 'int' | 'bigint' | 'id' | 'text32' | 'text64' | 'text120' | 'text255' | 'bytes'

const TYPES: Record<SqlKind, Record<Type, string>> = {
  postgres: typesOf('BYTEA'),
  mysql: typesOf('BLOB'),
  sqlite: typesOf('BLOB'),
}

function typesOf(bytes: string): Record<Type, string> {
  const [text32, text64, text120, text255] = [32, 64, 120, 255].map((length) => `VARCHAR(${length})`)
  return {
    int: 'INTEGER',
    bigint: 'BIGINT',
    id: 'VARCHAR(255)',
    text32: text32 ?? '',
    text64: text64 ?? '',
    text120: text120 ?? '',
    text255: text255 ?? '',
    bytes,
  }
}

/** `!` marks a column of the primary key, `*` one that is never null. */
export const COLUMNS: Record<TableName, readonly (readonly [name: string, type: Type, mark?: '!' | '*'])[]> =
  {
    version: [['version', 'int', '!']],
    sessions: [
      ['session_id', 'id', '!'],
      ['dc_id', 'int', '!'],
      ['server_address', 'text255'],
      ['port', 'int'],
      ['auth_key', 'bytes'],
    ],
    entities: [
      ['session_id', 'id', '!'],
      ['id', 'bigint', '!'],
      ['hash', 'bigint', '*'],
      ['username', 'text32'],
      ['phone', 'bigint'],
      ['name', 'text255'],
    ],
    sent_files: [
      ['session_id', 'id', '!'],
      ['md5_digest', 'bytes', '!'],
      ['file_size', 'int', '!'],
      ['type', 'int', '!'],
      ['id', 'bigint'],
      ['hash', 'bigint'],
    ],
    update_state: [
      ['session_id', 'id', '!'],
      ['entity_id', 'bigint', '!'],
      ['pts', 'bigint'],
      ['qts', 'bigint'],
      ['date', 'bigint'],
      ['seq', 'bigint'],
      ['unread_count', 'int'],
    ],
    tgsession_migrations: [['number', 'int', '!']],
    tgsession_entities: [
      ['session_id', 'id', '!'],
      ['id', 'bigint', '!'],
      ['written', 'bigint', '*'],
    ],
    tgsession_values: [
      ['session_id', 'id', '!'],
      ['name', 'text120', '!'],
      ['value', 'bytes', '*'],
    ],
    tgsession_leases: [
      ['session_id', 'id', '!'],
      ['generation', 'bigint', '*'],
      ['holder', 'text64'],
      ['label', 'text255'],
      ['since', 'text64'],
      ['beat', 'bigint', '*'],
      ['ttl_ms', 'bigint', '*'],
    ],
    tgsession_fences: [
      ['session_id', 'id', '!'],
      ['generation', 'bigint', '*'],
      ['holder', 'text64'],
      ['writes', 'bigint', '*'],
    ],
  }

/** What a column's values are, in the words of the database. */
export function columnTypes(kind: SqlKind, table: TableName): Map<string, string> {
  return new Map(COLUMNS[table].map(([name, type]) => [name, TYPES[kind][type]]))
}

export function createTable(kind: SqlKind, prefix: string, table: TableName): string {
  const quote = kind === 'mysql' ? '`' : '"'
  const quoted = (name: string): string => `${quote}${name}${quote}`
  const columns = COLUMNS[table].map(
    ([name, type, mark]) => `${quoted(name)} ${TYPES[kind][type]}${mark === undefined ? '' : ' NOT NULL'}`,
  )
  // MySQL indexes no BLOB without a length; an md5 digest has 16 bytes.
  const key = COLUMNS[table]
    .filter(([, , mark]) => mark === '!')
    .map(([name, type]) => quoted(name) + (kind === 'mysql' && type === 'bytes' ? '(16)' : ''))
  // Binary: else MySQL takes two ids for one that differ in case only.
  const ending =
    kind === 'mysql' ? ' ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : ''
  return `CREATE TABLE IF NOT EXISTS ${quoted(prefix + table)} (${columns.join(', ')}, PRIMARY KEY (${key.join(', ')}))${ending}`
}

export const PYTHON_TABLES = ['version', 'sessions', 'entities', 'sent_files', 'update_state'] as const
export const OWN_TABLES = [
  'tgsession_migrations',
  'tgsession_entities',
  'tgsession_values',
  'tgsession_leases',
  'tgsession_fences',
] as const

/** The newest version of Python's tables. What it calls 3 is 2, misnamed by its upgrade from 1. */
export const PYTHON_VERSION = 2
/** The number of our newest migration. */
export const OWN_VERSION = 1

/**
 * The statements that make all tables in an empty database, for whoever manages the schema himself
 * (`manageTables: false`). They may be run again.
 *
 * @throws ConfigurationError `container.bad_prefix`
 *
 * @example
 * ```ts
 * import { containerSchemaSql } from 'tgsession/container'
 *
 * console.log(containerSchemaSql('postgres', { tablePrefix: 'tg_' }))
 * ```
 */
export function containerSchemaSql(
  kind: SqlKind,
  options: { tablePrefix?: string | undefined } = {},
): string {
  const prefix = checkPrefix(options.tablePrefix ?? '')
  const quote = kind === 'mysql' ? '`' : '"'
  const insert = (table: TableName, column: string, value: number, unless = ''): string => {
    const name = `${quote}${prefix}${table}${quote}`
    return `INSERT INTO ${name} (${column}) SELECT ${value} WHERE NOT EXISTS (SELECT 1 FROM ${name}${unless})`
  }
  const done = Array.from({ length: OWN_VERSION }, (_, index) => index + 1)
  const statements = [
    ...[...PYTHON_TABLES, ...OWN_TABLES].map((table) => createTable(kind, prefix, table)),
    insert('version', 'version', PYTHON_VERSION),
    ...done.map((number) => insert('tgsession_migrations', 'number', number, ` WHERE number = ${number}`)),
  ]
  return `${statements.join(';\n')};\n`
}

/**
 * The same as a migration for Kysely's Migrator. `down` removes our own tables, and never Python's, which hold the
 * sessions.
 *
 * @throws ConfigurationError `container.bad_prefix`
 *
 * @example
 * ```ts
 * import { containerMigration } from 'tgsession/container'
 *
 * // A file of the folder that Kysely's FileMigrationProvider reads.
 * export const { up, down } = containerMigration('postgres')
 * ```
 */
export function containerMigration(
  kind: SqlKind,
  options: { tablePrefix?: string | undefined } = {},
): Migration {
  const prefix = checkPrefix(options.tablePrefix ?? '')
  return {
    up: async (db) => runAll(db, containerSchemaSql(kind, options).trim().split(/;\n?/).filter(Boolean)),
    down: async (db) => {
      const drop = OWN_TABLES.map((table) => db.schema.dropTable(prefix + table).ifExists())
      for (const statement of drop) await statement.execute()
    },
  }
}

async function runAll(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
