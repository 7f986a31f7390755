import type { SqlDialect } from './dialect.ts'
import type { SqlLocation } from './location.ts'
import { SocketConnection } from './socket.ts'

/** Loads the one driver that is needed. */
export async function dialectOf(location: SqlLocation): Promise<SqlDialect> {
  if (location.kind === 'sqlite') return (await import('./sqlite.ts')).sqliteDialect(location)
  if (location.kind === 'mysql') return (await import('./mysql.ts')).mysqlDialect(location)
  const { postgresDialect, POSTGRES } = await import('./postgres.ts')
  return postgresDialect(location.label, () => new SocketConnection(POSTGRES, location))
}
