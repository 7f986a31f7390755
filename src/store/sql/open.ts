import { parseSqlUrl } from '../../sql/location.ts'
import { dialectOf } from '../../sql/open.ts'
import { SqlStore, type SqlStoreOptions } from './sql-store.ts'

/** Nothing is asked of the database yet. Throws `ConfigurationError` (`store.bad_url`) for a URL that is none. */
export async function openSqlStore(
  url: string,
  cwd: string,
  options: SqlStoreOptions = {},
): Promise<SqlStore> {
  return new SqlStore(await dialectOf(parseSqlUrl(url, cwd)), options)
}
