import { type Selectable, sql } from 'kysely'
import { Batch } from './batch.ts'
import type { Database, Db } from '../tables/database.ts'
import type { ContainerSchema } from '../tables/schema.ts'

/** A state of a lease's row that a holder is in. */
export interface HeldState {
  id: string
  generation: number
  holder: string
  beat: number
}

export type LeaseColumns = Selectable<ContainerSchema['tgsession_leases']>

/** How long the first of several renewals waits for the others, and how far timers may be off. */
const TOGETHER_MS = 20
/** Far below what the servers take as parameters. */
const ROWS = 1000

/**
 * Renews the leases of a container: those that come due together in one UPDATE. Each learns for itself whether its row
 * was still as its holder had left it.
 */
export class Renewals {
  readonly #database: Database
  readonly #renewals: Batch<HeldState, boolean>
  readonly #reads: Batch<string, LeaseColumns | undefined>

  constructor(database: Database) {
    this.#database = database
    const how = { clock: database.clock, waitMs: TOGETHER_MS, most: ROWS }
    this.#renewals = new Batch({ ...how, answer: (states) => this.#renewAll(states) })
    this.#reads = new Batch({ ...how, answer: (ids) => this.#readAll(ids) })
  }

  /** One more beat; false where the row is in another state. */
  renew(state: HeldState): Promise<boolean> {
    return this.#renewals.ask(state)
  }

  /** The row, together with those that others ask for now: after an outage all holders do. */
  read(id: string): Promise<LeaseColumns | undefined> {
    return this.#reads.ask(id)
  }

  /** On a grid that all leases of this process with the same interval share. */
  renewAt(dueAt: number, everyMs: number): number {
    return Math.floor((dueAt + TOGETHER_MS) / everyMs) * everyMs
  }

  async #renewAll(states: readonly HeldState[]): Promise<boolean[]> {
    const { numUpdatedRows } = await this.#database.renew((db) =>
      db
        .updateTable('tgsession_leases')
        .set({ beat: sql`beat + 1` })
        .where(this.#among(states))
        .executeTakeFirstOrThrow(),
    )
    if (numUpdatedRows === BigInt(states.length)) return states.map(() => true)
    const rows = await this.#readAll(states.map(({ id }) => id))
    return states.map(({ generation, holder, beat }, index) => {
      const row = rows[index]
      return row?.holder === holder && row.generation === String(generation) && row.beat === String(beat + 1)
    })
  }

  async #readAll(ids: readonly string[]): Promise<(LeaseColumns | undefined)[]> {
    return await this.#database.renew((db) => readLeases(this.#database, db, ids))
  }

  #among(states: readonly HeldState[]) {
    const int = (value: number) => this.#database.int(value)
    const rows = sql.join(
      states.map(
        ({ id, generation, holder, beat }) => sql`(${id}, ${int(generation)}, ${holder}, ${int(beat)})`,
      ),
    )
    // SQLite knows no list of rows.
    const list = this.#database.kind === 'sqlite' ? sql`(values ${rows})` : sql`(${rows})`
    return sql<boolean>`(session_id, generation, holder, beat) in ${list}`
  }
}

/** The rows of these sessions, in their order; undefined for what has none. */
export async function readLeases(
  database: Database,
  db: Db,
  ids: readonly string[],
): Promise<(LeaseColumns | undefined)[]> {
  const numbers = (['generation', 'beat', 'ttl_ms'] as const).map((column) =>
    database.text(column).as(column),
  )
  const rows = await db
    .selectFrom('tgsession_leases')
    .select(['session_id', 'holder', 'label', 'since'])
    .select(numbers)
    .where('session_id', 'in', ids)
    .execute()
  if (ids.length === 1) return [rows[0]]
  const byId = new Map(rows.map((row) => [row.session_id, row]))
  return ids.map((id) => byId.get(id))
}
