import { sql, type Transaction } from 'kysely'
import { LeaseError } from '../../base/errors.ts'
import type { Lease } from '../../lease/lease.ts'
import type { Database } from '../tables/database.ts'
import { heldBy, LeaseRow } from './lease-row.ts'
import type { ContainerSchema } from '../tables/schema.ts'

/** What every transaction that writes rows of a session begins with. */
export interface Fence {
  /** Before anything is read. */
  begin(): Promise<void>
  /** Throws `LeaseError` (`lease.lost`) if another holder has the session, or had it since. */
  check(db: Transaction<ContainerSchema>): Promise<void>
}

/**
 * An UPDATE of the session's fence that only the holder of its lease meets. It locks the row until the transaction ends:
 * a takeover comes before it, and then nothing is written, or after the commit, and then the new holder reads what was
 * written.
 */
async function check(
  database: Database,
  id: string,
  db: Transaction<ContainerSchema>,
  { generation, holder }: { generation: number; holder: string | null },
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('tgsession_fences')
    .set({ writes: sql`writes + 1` })
    .where(heldBy(database, id, generation, holder))
    .executeTakeFirstOrThrow()
  if (numUpdatedRows > 0n) return
  throw new LeaseError('lease.lost', `the session ${id} has another holder; nothing was written`, {
    hint: 'Only one instance may use a session. container.open(id) waits for its turn.',
  })
}

/** Of the holder of a lease. */
export function leaseFence(database: Database, id: string, lease: Lease): Fence {
  return {
    begin: async () => undefined,
    check: async (db) => check(database, id, db, { generation: lease.generation, holder: lease.id }),
  }
}

/** For a session without a lease: it passes until one is taken after the load. */
export function openFence(database: Database, id: string): Fence {
  let generation = 0
  return {
    begin: async () => {
      const record = await new LeaseRow(database, id).read({ patienceMs: 0 })
      if (record.holder !== null) throw held(id, record.holder.label)
      generation = record.generation
    },
    check: async (db) => check(database, id, db, { generation, holder: null }),
  }
}

/** `label` is how people recognise the holder. */
export function held(id: string, label: string): LeaseError {
  return new LeaseError('lease.held', `the session ${id} is in use by ${label || 'another instance'}`, {
    hint: 'Stop it, or use container.open(id), which waits for its turn.',
  })
}
