import os from 'node:os'
import { systemClock } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { checkNumbers, TTL_MS } from '../base/number-option.ts'
import type { Lease } from '../lease/lease.ts'
import type { Holder } from '../lease/record.ts'
import { type LeaseOptions, takeLease } from '../lease/take.ts'
import type { SqlClient } from '../sql/client.ts'
import { MOST_TRANSACTIONS } from '../sql/database.ts'
import type { AnyKysely } from '../sql/kind.ts'
import { parseSqlUrl } from '../sql/location.ts'
import { sqlClient } from '../sql/open.ts'
import { checkServer } from './tables/check-server.ts'
import type { ContainerOptions } from './container-options.ts'
import { Database } from './tables/database.ts'
import { type Fence, held, leaseFence } from './lease/fence.ts'
import { KeySeal } from './rows/key-seal.ts'
import { LeaseRow } from './lease/lease-row.ts'
import { checkTables, manageTables } from './tables/manage-tables.ts'
import { Renewals } from './lease/renewals.ts'
import { checkId, checkPrefix, type ContainerSchema } from './tables/schema.ts'
import type { RowsOf } from './rows/write-rows.ts'

/** The way to the rows of a container's sessions: its tables, its keys, and the leases. */
export class Access {
  readonly database: Database
  /** How people recognise this instance. */
  readonly label: string
  /** What is open now, by id. */
  readonly opened = new Map<string, { close(): Promise<void> }>()
  readonly #seal: KeySeal
  readonly #renewals: Renewals
  readonly #manage: boolean
  readonly #ttlMs: number
  /** Ours to close; none of a Kysely instance that is the user's. */
  readonly #clients: readonly SqlClient<ContainerSchema>[]
  #preparing: Promise<void> | undefined

  /** Nothing is asked of the database yet. Throws `ConfigurationError`, see `SessionContainer`. */
  constructor(where: string | { db: AnyKysely }, options: ContainerOptions) {
    this.#seal = new KeySeal(options.key, options.plainKeys ?? false, options.previousKeys)
    const tablePrefix = checkPrefix(options.tablePrefix ?? '')
    const clock = options.clock ?? systemClock
    this.label = options.label ?? os.hostname()
    this.#manage = options.manageTables ?? true
    checkNumbers({ ttlMs: [options.ttlMs, TTL_MS] })
    this.#ttlMs = options.ttlMs ?? 45_000
    if (typeof where === 'string') {
      const location = parseSqlUrl(where, options.cwd ?? '.')
      const { label, kind } = location
      const connect = (most: number): SqlClient<ContainerSchema> => sqlClient(location, { most })
      // SQLite has one writer at a time: a second connection would not help.
      const [writes, renewals] = kind === 'sqlite' ? [connect(1)] : [connect(MOST_TRANSACTIONS), connect(1)]
      this.#clients = renewals === undefined ? [writes] : [writes, renewals]
      this.database = new Database(writes.db, { forRenewals: renewals?.db, tablePrefix, label, clock })
    } else {
      this.#clients = []
      this.database = new Database(where.db, { tablePrefix, label: 'the database', clock })
    }
    this.#renewals = new Renewals(this.database)
  }

  rowsOf(id: string): RowsOf {
    return { database: this.database, seal: this.#seal, id: checkId(id) }
  }

  /** Sees to the tables, once; again after a failure. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#prepare().catch((error: unknown) => {
      this.#preparing = undefined
      throw error
    })
    return this.#preparing
  }

  async #prepare(): Promise<void> {
    await (this.#manage ? manageTables : checkTables)(this.database)
    await checkServer(this.database, { isOurs: this.#clients.length > 0 })
  }

  /** Waits for the session's lease and takes it. Throws `UsageError` (`container.open_already`). */
  async take(
    id: string,
    options: Pick<LeaseOptions, 'signal' | 'onWaiting' | 'stillWanted'>,
  ): Promise<Lease> {
    checkId(id)
    if (this.opened.has(id))
      throw new UsageError('container.open_already', `this container has opened ${id} already`, {
        hint: 'Use the session that is open, or close it first.',
      })
    await this.prepare()
    const { label, database } = this
    const port = new LeaseRow(database, id, this.#renewals)
    return await takeLease(port, { ...options, label, clock: database.clock, ttlMs: this.#ttlMs })
  }

  /**
   * Works under the lease, without waiting for a holder that lives: throws `LeaseError` (`lease.held`) then. One that
   * gives no sign of life is waited for.
   */
  async exclusively<T>(
    id: string,
    { signal, onWaiting }: Pick<LeaseOptions, 'signal' | 'onWaiting'>,
    work: (of: RowsOf, fence: Fence) => Promise<T>,
  ): Promise<T> {
    let first: Holder | undefined
    let living: Holder | undefined
    const stillWanted = ({ holder }: { holder: Holder | null }): boolean => {
      if (holder === null) return true
      first ??= holder
      if (first.id !== holder.id || first.beat !== holder.beat) living = holder
      return living === undefined
    }
    let lease: Lease
    try {
      lease = await this.take(id, { signal, onWaiting, stillWanted })
    } catch (error) {
      throw living === undefined ? error : held(id, living.label)
    }
    try {
      return await work(this.rowsOf(id), leaseFence(this.database, id, lease))
    } finally {
      await lease.release()
    }
  }

  /**
   * The stored auth keys by id (or that of the one that is asked for), as they lie there, of those with which somebody
   * has logged in: a row without a key does not count.
   */
  async keys(id?: string): Promise<Map<string, Uint8Array>> {
    await this.prepare()
    const rows = await this.database.run((db) => {
      const all = db.selectFrom('sessions').select(['session_id', 'auth_key'])
      return (id === undefined ? all : all.where('session_id', '=', id)).execute()
    })
    return new Map(rows.flatMap(({ session_id: of, auth_key: key }) => (key?.length ? [[of, key]] : [])))
  }

  /** Closes what is open, then the pool, unless it is the user's. Throws an `AggregateError` of what failed. */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.opened.values()].map((opened) => opened.close()))
    for (const client of this.#clients) await client.close()
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} sessions were not closed in order`)
  }
}
