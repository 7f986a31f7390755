import { SqlClient, type SqlClientOptions, type SqlEngine } from './client.ts'
import type { SqlLocation } from './location.ts'
import { SocketConnection } from './socket.ts'

/** Nothing is asked of the database yet, and its driver is not loaded either. */
export function sqlClient<Tables>(location: SqlLocation, options: SqlClientOptions): SqlClient<Tables> {
  const { kind, label } = location
  return new SqlClient({ kind, label, engine: () => engineOf(location) }, options)
}

/** Loads the one driver that is needed. */
async function engineOf(location: SqlLocation): Promise<SqlEngine> {
  if (location.kind === 'sqlite') {
    const { SqliteConnection, sqliteFault } = await import('./sqlite.ts')
    return { connect: () => new SqliteConnection(location.path), fault: sqliteFault }
  }
  if (location.kind === 'mysql') {
    const { MYSQL, mysqlFault } = await import('./mysql.ts')
    return { connect: () => new SocketConnection(MYSQL, location), fault: mysqlFault }
  }
  const { POSTGRES, postgresFault } = await import('./postgres.ts')
  return { connect: () => new SocketConnection(POSTGRES, location), fault: postgresFault }
}
