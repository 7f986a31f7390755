import { sql } from 'kysely'
import { ConfigurationError } from '../../base/errors.ts'
import type { Database } from './database.ts'
import { TABLE_NAMES } from './schema.ts'

/** Bytes of the longest row: its id and its name in four-byte characters, and what stands between. */
const LONGEST_ROW = 2500

/**
 * What would keep some sessions from being written, asked beforehand. Throws `ConfigurationError`: `container.no_utf8`
 * (Postgres), `container.no_utf8mb4` (MySQL), and for the user's own Kysely instance `container.unsafe_quotes`.
 */
export async function checkServer(database: Database, { isOurs }: { isOurs: boolean }): Promise<void> {
  if (database.kind === 'postgres') await checkEncoding(database)
  if (database.kind !== 'mysql') return
  await checkText(database)
  await fitPacket(database)
  if (!isOurs) await checkQuotes(database)
}

/** SQL_ASCII takes every byte as it is. */
async function checkEncoding(database: Database): Promise<void> {
  const { rows } = await database.run((db) =>
    sql<{ encoding: string }>`select pg_encoding_to_char(encoding) as encoding from pg_database
      where datname = current_database()`.execute(db),
  )
  const encoding = rows[0]?.encoding
  if (encoding === undefined || ['UTF8', 'SQL_ASCII'].includes(encoding)) return
  throw new ConfigurationError(
    'container.no_utf8',
    `${database.label}: the database is in ${encoding}, which does not take every name`,
    { hint: "Make one that does: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;" },
  )
}

/** A statement that is larger than the server takes would be refused each time. */
async function fitPacket(database: Database): Promise<void> {
  const { rows } = await database.run((db) =>
    sql<{ most: number | string }>`select @@max_allowed_packet as most`.execute(db),
  )
  const rowsInPacket = Math.floor(Number(rows[0]?.most) / LONGEST_ROW)
  if (rowsInPacket < database.mostRows) database.mostRows = Math.max(1, rowsInPacket)
}

/** A name with an emoji, which the database refused, would hold up all that is written with it. */
async function checkText(database: Database): Promise<void> {
  const { prefix, label } = database
  const names = sql.join(TABLE_NAMES.map((table) => sql.lit(prefix + table)))
  const { rows } = await database.run((db) =>
    sql<{ name: string }>`select distinct table_name as name from information_schema.columns
      where table_schema = database() and table_name in (${names}) and character_set_name <> 'utf8mb4'`.execute(
      db,
    ),
  )
  if (rows.length === 0) return
  const tables = rows.map(({ name }) => name)
  const statements = tables.map(
    (name) => `ALTER TABLE ${name} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  )
  throw new ConfigurationError(
    'container.no_utf8mb4',
    `${label}: these tables do not take every name: ${tables.join(', ')}`,
    { hint: `Let them: ${statements.join('; ')};` },
  )
}

/** Kysely's own dialect has mysql2 write values into the statement, quoted with backslashes: names are whatever people are called. */
async function checkQuotes(database: Database): Promise<void> {
  const { rows } = await database.run((db) => sql<{ mode: string }>`select @@sql_mode as mode`.execute(db))
  if (rows[0]?.mode.includes('NO_BACKSLASH_ESCAPES') !== true) return
  throw new ConfigurationError(
    'container.unsafe_quotes',
    `${database.label}: its sql_mode has NO_BACKSLASH_ESCAPES, so that a name could end its quotes`,
    {
      hint: 'Take it out of the sql_mode of your pool, or give the container a URL instead of { db }.',
    },
  )
}
