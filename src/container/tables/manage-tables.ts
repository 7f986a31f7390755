import { sql } from 'kysely'
import { BadDataError, ConfigurationError, UnreachableError } from '../../base/errors.ts'
import {
  COLUMNS,
  createTable,
  OWN_TABLES,
  OWN_VERSION,
  PYTHON_TABLES,
  PYTHON_VERSION,
} from './create-tables.ts'
import type { Database, Db } from './database.ts'
import { TABLE_NAMES, type TableName } from './schema.ts'

/** 3 is what Python's upgrade from 1 calls its 2. */
const NEWEST_PYTHON_VERSION = 3
/** `tgse`, so that our advisory lock collides with no other. */
const LOCK = 0x74677365

type Step = (database: Database, db: Db) => Promise<void>

/** By number, from 1; our own tables are made before them. Each may meet what a run that broke off, or Python, has done. */
const MIGRATIONS: readonly Step[] = [pythonTables]

/**
 * Makes or upgrades the tables. Several instances may start at once: one does it, in one transaction (in MySQL, which
 * cannot, under a lock), and the others wait. Throws `BadDataError` (`container.too_new`), and `ConfigurationError`
 * (`container.foreign_table`).
 */
export async function manageTables(database: Database): Promise<void> {
  if ((await database.run((db) => doneUntil(database, db))) === OWN_VERSION) return
  await database.run((db) =>
    locked(database, db, async (inside) => {
      for (const table of OWN_TABLES)
        await sql.raw(createTable(database.kind, database.prefix, table)).execute(inside)
      for (let number = await doneUntil(database, inside); number < OWN_VERSION; number += 1) {
        await MIGRATIONS[number]?.(database, inside)
        await inside
          .insertInto('tgsession_migrations')
          .values({ number: number + 1 })
          .execute()
      }
    }),
  )
}

/** Throws `ConfigurationError` (`container.no_tables`) that names what is missing, and `container.too_new`. */
export async function checkTables(database: Database): Promise<void> {
  const missing = await database.run(async (db) => {
    const found: string[] = []
    for (const table of TABLE_NAMES) {
      const lacking = await lackingColumns(database, db, table)
      const name = database.prefix + table
      found.push(...(lacking === undefined ? [name] : lacking.map((column) => `${name}.${column}`)))
    }
    if (found.length === 0) await pythonVersion(db)
    return found
  })
  if (missing.length === 0) return
  throw new ConfigurationError('container.no_tables', `${database.label}: missing: ${missing.join(', ')}`, {
    hint: `Run what containerSchemaSql('${database.kind}', …) gives with the same tablePrefix, or containerMigration().`,
  })
}

/** Undefined where there is no such table. */
async function lackingColumns(database: Database, db: Db, table: TableName): Promise<string[] | undefined> {
  const columns = await columnsOf(database, db, table)
  if (columns.size === 0) return undefined
  // Tables of version 2 that Python made early have no unread_count, and nothing of ours needs it.
  return COLUMNS[table].flatMap(([name]) => (columns.has(name) || name === 'unread_count' ? [] : [name]))
}

async function pythonTables(database: Database, db: Db): Promise<void> {
  const { kind, prefix } = database
  const isNew = (await columnsOf(database, db, 'version')).size === 0
  for (const table of PYTHON_TABLES) {
    const lacking = await lackingColumns(database, db, table)
    if (lacking === undefined) await sql.raw(createTable(kind, prefix, table)).execute(db)
    else if (lacking.length > 0) throw foreignTable(database, prefix + table, lacking)
  }
  const version = isNew ? undefined : await pythonVersion(db)
  if (!(await columnsOf(database, db, 'update_state')).has('unread_count'))
    await db.schema.alterTable('update_state').addColumn('unread_count', 'integer').execute()
  // Python takes a database without a row for version 1.
  if (version !== undefined && version >= PYTHON_VERSION) return
  await db.deleteFrom('version').execute()
  await db.insertInto('version').values({ version: PYTHON_VERSION }).execute()
}

function foreignTable({ label }: Database, name: string, lacking: readonly string[]): ConfigurationError {
  return new ConfigurationError(
    'container.foreign_table',
    `${label}: the table ${name} is another program's: it has no ${lacking.join(', ')}`,
    { hint: 'Put tables of our own beside it: tablePrefix, or TGSESSION_TABLE_PREFIX.' },
  )
}

/** Undefined if there is none. */
async function pythonVersion(db: Db): Promise<number | undefined> {
  const rows = await db.selectFrom('version').select('version').execute()
  const version = rows.length === 0 ? undefined : Math.max(...rows.map((row) => Number(row.version)))
  if (version === undefined || version <= NEWEST_PYTHON_VERSION) return version
  throw new BadDataError(
    'container.too_new',
    `the tables are of version ${version}, which is not known here`,
    {
      hint: 'A newer telethon-session-sqlalchemy made them. Use another tablePrefix, or a newer tgsession.',
    },
  )
}

async function doneUntil(database: Database, db: Db): Promise<number> {
  if ((await columnsOf(database, db, 'tgsession_migrations')).size === 0) return 0
  const rows = await db.selectFrom('tgsession_migrations').select('number').execute()
  return Math.max(0, ...rows.map((row) => Number(row.number)))
}

/** Empty where there is no such table. */
async function columnsOf({ kind, prefix }: Database, db: Db, table: TableName): Promise<Set<string>> {
  const name = prefix + table
  const query = {
    // The table that statements find, in whichever schema of the search path.
    postgres: sql<{ name: string }>`select attname as name from pg_attribute
      where attrelid = to_regclass(quote_ident(${name})) and attnum > 0 and not attisdropped`,
    mysql: sql<{ name: string }>`select column_name as name from information_schema.columns
      where table_schema = database() and table_name = ${name}`,
    sqlite: sql<{ name: string }>`select name from pragma_table_info(${name})`,
  }[kind]
  const { rows } = await query.execute(db)
  return new Set(rows.map((row) => row.name))
}

async function locked(database: Database, db: Db, work: (db: Db) => Promise<void>): Promise<void> {
  if (database.kind === 'postgres')
    return await db.transaction().execute(async (inside) => {
      // Of the transaction: a lock of the session would be lost, or kept, behind PgBouncer.
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(inside)
      await work(inside)
    })
  await db.connection().execute(async (inside) => {
    const isSqlite = database.kind === 'sqlite'
    if (isSqlite) await sql`begin immediate`.execute(inside)
    else {
      const { rows } = await sql<{ got: unknown }>`select get_lock('tgsession', 10) as got`.execute(inside)
      if (Number(rows[0]?.got) !== 1) throw busy(database)
    }
    const unlock = sql`select release_lock('tgsession')`
    try {
      await work(inside)
    } catch (error) {
      await (isSqlite ? sql`rollback` : unlock).execute(inside)
      throw error
    }
    await (isSqlite ? sql`commit` : unlock).execute(inside)
  })
}

function busy({ label }: Database): UnreachableError {
  return new UnreachableError('container.unreachable', `${label}: somebody else is making the tables`, {
    hint: 'Wait for it, or see what holds the lock tgsession in the database.',
  })
}
