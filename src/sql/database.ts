import { type Kysely, type KyselyPlugin, type RawBuilder, sql, type Transaction } from 'kysely'
import { type Clock, withDeadline } from '../base/clock.ts'
import { ConfigurationError, ConflictError, UnreachableError } from '../base/errors.ts'
import { retrying } from '../base/retry.ts'
import { type ReadFault, sqlError } from './errors.ts'
import { type AnyKysely, kindOf, type SqlKind } from './kind.ts'
import { readFaultOf } from './read-fault.ts'
import { SerialQueue } from './serial-queue.ts'

/** Those that hang must not use up a pool of four: renewals need a connection, which may be of the same. */
export const MOST_TRANSACTIONS = 3
/** For one statement or one transaction, waiting for a connection included. */
const WORK_MS = 20_000
/**
 * Of the transaction, which a pooler does not mind. The server neither learns that we gave a statement up, nor that we
 * were suspended: by itself it would hold the locks of either for hours.
 */
const POSTGRES_LIMITS = sql`select set_config('statement_timeout', '10000', true),
  set_config('idle_in_transaction_session_timeout', '15000', true)`
const RETRY = { attempts: 6, firstMs: 50, longestMs: 2000, random: Math.random }

export interface DatabaseOptions {
  /** Puts our names in place of those that statements use. */
  plugin: KyselyPlugin
  /** For the renewals of leases alone, where a connection is kept free for them. Default: the same as for all else. */
  forRenewals?: AnyKysely | undefined
  /** How messages name the database: no user, no password. */
  label: string
  clock: Clock
}

/** The tables of a container in a user's database: runs work on them and maps failures to our errors. */
export class SqlDatabase<Tables> {
  readonly kind: SqlKind
  readonly label: string
  readonly clock: Clock
  readonly #db: Kysely<Tables>
  readonly #forRenewals: Kysely<Tables>
  readonly #transactions = new SerialQueue(MOST_TRANSACTIONS)
  #fault: Promise<ReadFault> | undefined

  constructor(db: AnyKysely, { forRenewals = db, plugin, label, clock }: DatabaseOptions) {
    this.kind = kindOf(db)
    this.label = label
    this.clock = clock
    // The user's own plugins would change our names and results.
    const ours = (one: AnyKysely): Kysely<Tables> => one.withoutPlugins().withPlugin(plugin)
    this.#db = ours(db)
    this.#forRenewals = ours(forRenewals)
  }

  /**
   * Runs work that does no harm the second time; again after passing failures. Throws the errors of `failure`.
   */
  async run<T>(work: (db: Kysely<Tables>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const policy = { ...RETRY, sleep: async (ms: number) => this.clock.sleep(ms, signal) }
    return retrying(() => this.once(work, signal), isPassing, policy, signal)
  }

  /** One try. */
  async once<T>(work: (db: Kysely<Tables>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await this.#within(signal, () => work(this.#db))
  }

  /** One try of a lease renewal: it must not wait for other writes. */
  async renew<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return await this.#within(undefined, () => work(this.#forRenewals))
  }

  async #within<T>(signal: AbortSignal | undefined, work: (givenUp: AbortSignal) => Promise<T>): Promise<T> {
    const late = (): Error =>
      new UnreachableError('container.unreachable', `${this.label}: no answer in time`, HINT)
    try {
      return await withDeadline(this.clock, WORK_MS, late, work, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw await this.#named(error)
    }
  }

  /** One try in one transaction: a failure rolls everything back. */
  async transaction<T>(work: (db: Transaction<Tables>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await this.#within(signal, (givenUp) =>
      this.#transactions.run(async () => {
        const started = this.#db.transaction()
        // InnoDB's default locks the gaps between rows, where other sessions' rows belong.
        const isolated = this.kind === 'sqlite' ? started : started.setIsolationLevel('read committed')
        return await isolated.execute(async (db) => {
          if (this.kind === 'postgres') await POSTGRES_LIMITS.execute(db)
          const outcome = await work(db)
          // The caller that gave up may have written something newer since.
          givenUp.throwIfAborted()
          return outcome
        })
      }),
    )
  }

  /** The same, again after passing failures, for what does no harm the second time. */
  async commit<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    const policy = { ...RETRY, sleep: async (ms: number) => this.clock.sleep(ms) }
    return retrying(() => this.transaction(work), isPassing, policy, undefined)
  }

  /** A 64-bit number as a value in a condition. MySQL would compare its text as a floating point number. */
  int(value: bigint | number): RawBuilder<string> {
    const type = this.kind === 'mysql' ? sql`signed` : sql`bigint`
    return sql<string>`cast(${String(value)} as ${type})`
  }

  /** A column of 64-bit numbers as text. */
  text(column: string): RawBuilder<string> {
    const type = this.kind === 'mysql' ? sql`char` : sql`text`
    return sql<string>`cast(${sql.ref(column)} as ${type})`
  }

  /** The value that an INSERT wanted to write to a column, in what it does where the row is there. */
  wanted<T>(column: string): RawBuilder<T> {
    return this.kind === 'mysql' ? sql<T>`values(${sql.ref(column)})` : sql<T>`excluded.${sql.ref(column)}`
  }

  async #named(error: unknown): Promise<unknown> {
    this.#fault ??= readFaultOf(this.kind)
    const fault = (await this.#fault)(error)
    if (fault === undefined) return error
    if (fault.meaning === 'no_table')
      return new ConfigurationError('container.no_tables', `${this.label}: a table is not there`, {
        hint: 'Leave manageTables on, or run what containerSchemaSql() gives, with the same tablePrefix.',
      })
    if (fault.meaning === 'duplicate')
      return new ConflictError('container.duplicate', `${this.label}: another wrote the same row first`, {
        hint: 'Try again.',
      })
    return sqlError(fault, { scope: 'container', label: this.label }, error)
  }
}

export function isPassing(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    (error instanceof ConflictError && error.code === 'container.duplicate')
  )
}

const HINT = {
  hint: 'Check the network, the address and the state of the database. A write may have landed all the same.',
}
