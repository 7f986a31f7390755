import type { SqlDialect } from '../../sql/dialect.ts'
import { parseSqlUrl, type SqlLocation } from '../../sql/location.ts'
import { SocketConnection } from '../../sql/socket.ts'
import { SqlStore, type SqlStoreOptions } from './sql-store.ts'

/** Nothing is asked of the database yet. Throws `ConfigurationError` (`store.bad_url`) for a URL that is none. */
export async function openSqlStore(
  url: string,
  cwd: string,
  options: SqlStoreOptions = {},
): Promise<SqlStore> {
  return new SqlStore(await dialectOf(parseSqlUrl(url, cwd)), options)
}

/** Loads the one driver that is needed. */
export async function dialectOf(location: SqlLocation): Promise<SqlDialect> {
  if (location.kind === 'sqlite') return (await import('../../sql/sqlite.ts')).sqliteDialect(location)
  if (location.kind === 'mysql') return (await import('../../sql/mysql.ts')).mysqlDialect(location)
  const { postgresDialect, POSTGRES } = await import('../../sql/postgres.ts')
  return postgresDialect(location.label, () => new SocketConnection(POSTGRES, location))
}
