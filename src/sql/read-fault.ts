import type { ReadFault } from './errors.ts'
import type { SqlKind } from './kind.ts'

/** How the failures of one kind of database are read; loads its driver. */
export async function readFaultOf(kind: SqlKind): Promise<ReadFault> {
  if (kind === 'postgres') return (await import('./postgres.ts')).postgresFault
  if (kind === 'sqlite') return (await import('./sqlite.ts')).sqliteFault
  return (await import('./mysql.ts')).mysqlFault
}
