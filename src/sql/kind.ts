import { type Kysely, MysqlAdapter, PostgresAdapter, SqliteAdapter } from 'kysely'
import { ConfigurationError } from '../base/errors.ts'

/** A kind of SQL database; MariaDB is `mysql`. */
export type SqlKind = 'postgres' | 'mysql' | 'sqlite'

/** Any instance of Kysely, whatever tables it knows; ours are besides. */
// oxlint-disable-next-line typescript/no-explicit-any -- Kysely is invariant in its tables: nothing else takes every one
export type AnyKysely = Kysely<any>

/** Its kind of SQL. Throws `ConfigurationError` (`container.unknown_dialect`). */
export function kindOf(db: AnyKysely): SqlKind {
  const { adapter } = db.getExecutor()
  // By name as well: the instance may come from another copy of the library.
  const names: string[] = []
  for (let at: unknown = adapter; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at))
    names.push(at.constructor.name)
  if (adapter instanceof PostgresAdapter || names.includes('PostgresAdapter')) return 'postgres'
  if (adapter instanceof MysqlAdapter || names.includes('MysqlAdapter')) return 'mysql'
  if (adapter instanceof SqliteAdapter || names.includes('SqliteAdapter')) return 'sqlite'
  throw new ConfigurationError(
    'container.unknown_dialect',
    'this Kysely instance speaks an SQL unknown to us',
    {
      hint: 'Use one for Postgres (or PGlite), MySQL, MariaDB or SQLite.',
    },
  )
}
