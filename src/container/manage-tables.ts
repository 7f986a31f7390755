import { sql } from 'kysely'
import { BadDataError, ConfigurationError } from '../errors.ts'
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
/** `tgse`, so that nobody else's advisory lock is ours. */
const LOCK = 0x74677365

type Step = (database: Database, db: Db) => Promise<void>

/** By number, from 1; our own tables are made before them. Each may meet what a run that broke off, or Python, has done. */
const MIGRATIONS: readonly Step[] = [pythonTables]

/**
 * Makes or upgrades the tables. Several instances may start at once: one does it, in one transaction (in MySQL, which
 * cannot, under a lock), and the others wait. Throws `BadDataError` (`container.too_new`).
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
      const columns = await columnsOf(database, db, table)
      const name = database.prefix + table
      if (columns.size === 0) found.push(name)
      // Tables of version 2 that Python made early lack it, and nothing of ours needs it.
      else
        for (const [column] of COLUMNS[table])
          if (!columns.has(column) && column !== 'unread_count') found.push(`${name}.${column}`)
    }
    if (found.length === 0) await pythonVersion(db)
    return found
  })
  if (missing.length === 0) return
  throw new ConfigurationError('container.no_tables', `${database.label}: missing: ${missing.join(', ')}`, {
    hint: `Run what containerSchemaSql('${database.kind}', …) gives with the same tablePrefix, or containerMigration().`,
  })
}

async function pythonTables(database: Database, db: Db): Promise<void> {
  const { kind, prefix } = database
  const isNew = (await columnsOf(database, db, 'version')).size === 0
  for (const table of PYTHON_TABLES) await sql.raw(createTable(kind, prefix, table)).execute(db)
  const version = isNew ? undefined : await pythonVersion(db)
  if (!(await columnsOf(database, db, 'update_state')).has('unread_count'))
    await db.schema.alterTable('update_state').addColumn('unread_count', 'integer').execute()
  // Python takes a database without a row for version 1.
  if (version !== undefined && version >= PYTHON_VERSION) return
  await db.deleteFrom('version').execute()
  await db.insertInto('version').values({ version: PYTHON_VERSION }).execute()
}

/** Undefined where none is noted. */
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
    postgres: sql<{ name: string }>`select column_name as name from information_schema.columns
      where table_schema = any(current_schemas(false)) and table_name = ${name}`,
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
    const [begin, commit, rollback] =
      database.kind === 'sqlite'
        ? [sql`begin immediate`, sql`commit`, sql`rollback`]
        : [
            sql`select get_lock('tgsession', 15)`,
            sql`select release_lock('tgsession')`,
            sql`select release_lock('tgsession')`,
          ]
    await begin.execute(inside)
    try {
      await work(inside)
    } catch (error) {
      await rollback.execute(inside)
      throw error
    }
    await commit.execute(inside)
  })
}
