import { parseSqlUrl } from '../../sql/location.ts'
import { sqlClient } from '../../sql/open.ts'
import type { SqlLimits } from '../../sql/pool.ts'
import { SqlStore, type SqlStoreOptions } from './sql-store.ts'

export interface OpenSqlOptions extends SqlStoreOptions {
  limits?: Partial<SqlLimits> | undefined
}

/** SQLite has one writer at a time. */
const CONNECTIONS = { postgres: 2, mysql: 2, sqlite: 1 }

/** Nothing is asked of the database yet. Throws `ConfigurationError` (`store.bad_url`) for a URL that is none. */
export function openSqlStore(
  url: string,
  cwd: string,
  { limits, ...options }: OpenSqlOptions = {},
): SqlStore {
  const location = parseSqlUrl(url, cwd)
  return new SqlStore(sqlClient(location, { most: CONNECTIONS[location.kind], limits }), options)
}
