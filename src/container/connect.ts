import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import {
  Kysely,
  MysqlDialect,
  type MysqlPool,
  PostgresDialect,
  type PostgresPool,
  type SqliteDatabase,
  SqliteDialect,
} from 'kysely'
import type { ServerLocation, SqlLocation } from '../store/sql-location.ts'
import type { ContainerSchema } from './schema.ts'

/** Connections that a container opens by itself, at most. */
const MOST_CONNECTIONS = 4
const CONNECT_MS = 5000
const QUERY_MS = 15_000
const IDLE_MS = 20_000
/** SQLite blocks the whole process while it waits for a lock: after this time others get a turn. */
const BLOCKING_WAIT_MS = 20

/** Nothing is asked of the database yet, and its driver is not loaded either. */
export function connect(location: SqlLocation): Kysely<ContainerSchema> {
  if (location.kind === 'sqlite')
    return new Kysely({ dialect: new SqliteDialect({ database: () => openSqlite(location.path) }) })
  if (location.kind === 'mysql')
    return new Kysely({ dialect: new MysqlDialect({ pool: () => mysqlPool(location) }) })
  return new Kysely({ dialect: new PostgresDialect({ pool: () => postgresPool(location) }) })
}

async function postgresPool(location: ServerLocation): Promise<PostgresPool> {
  const { Client, Pool } = await import('pg')
  const { postgresFault, tlsOptions } = await import('../store/sql-postgres.ts')
  const { host, port, database, user, password, options, tls, channelBinding } = location
  const settings = {
    host,
    port,
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(options === undefined ? {} : { options }),
    application_name: 'tgsession',
    ssl: tls.mode === 'disable' ? (false as const) : tlsOptions(tls),
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
    enableChannelBinding: channelBinding,
  }
  const clear = async (): Promise<boolean> => {
    const client = new Client(settings)
    try {
      await client.connect()
      return false
    } catch (error) {
      const fault = postgresFault(error, location.label)
      return fault?.kind === 'error' && fault.error.code === 'store.no_tls'
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  const ssl = tls.mode === 'prefer' && (await clear()) ? false : settings.ssl
  const limits = { max: MOST_CONNECTIONS, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true }
  const pool = new Pool({ ...settings, ...limits, ssl })
  // Without listeners the loss of a connection, idle or in use, would end the process; its statement fails anyway.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

async function mysqlPool(location: ServerLocation): Promise<MysqlPool> {
  const { createConnection, createPool } = await import('mysql2')
  const { host, port, database, user, password, tls } = location
  const settings = {
    ...(host.startsWith('/') ? { socketPath: host } : { host, port }),
    database,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    connectTimeout: CONNECT_MS,
    charset: 'utf8mb4',
  }
  const ssl = {
    rejectUnauthorized: tls.mode.startsWith('verify'),
    verifyIdentity: tls.mode === 'verify-full',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  }
  const clear = async (): Promise<boolean> => {
    const connection = createConnection({ ...settings, ssl })
    try {
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error === null ? resolve() : reject(error)))
      })
      return false
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'HANDSHAKE_NO_SSL_SUPPORT'
    } finally {
      connection.destroy()
    }
  }
  const encrypted = tls.mode !== 'disable' && !(tls.mode === 'prefer' && (await clear()))
  return createPool({
    ...settings,
    ...(encrypted ? { ssl } : {}),
    connectionLimit: MOST_CONNECTIONS,
    maxIdle: MOST_CONNECTIONS,
    idleTimeout: IDLE_MS,
    enableKeepAlive: true,
  })
}

async function openSqlite(path: string): Promise<SqliteDatabase> {
  // SQLite would create it readable for everybody.
  const file = await open(path, 'a', 0o600)
  await file.close()
  const database = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS })
  return {
    close: () => database.close(),
    prepare: (text) => {
      const statement = database.prepare(text)
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...values.map(toValue)),
        run: (values) => statement.run(...values.map(toValue)),
        iterate: (values) => statement.iterate(...values.map(toValue)),
      }
    },
  }
}

function toValue(value: unknown): string | number | bigint | null | Uint8Array {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value
  if (value === null || value instanceof Uint8Array) return value
  throw new TypeError('a value that no column of ours holds')
}
