import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { type Clock, withDeadline } from '../../base/clock.ts'
import {
  ConfigurationError,
  ConflictError,
  ForbiddenError,
  type TgsessionError,
  UnreachableError,
  UnsupportedError,
} from '../../base/errors.ts'
import { retrying } from '../../base/retry.ts'
import type { SqlFault } from '../../sql/dialect.ts'
import { parseSqlUrl } from '../../sql/location.ts'
import { type ContainerSchema, prefixPlugin } from './schema.ts'
import { type AnyKysely, kindOf, type SqlKind } from './sql-kind.ts'
import { SerialQueue } from './serial-queue.ts'

export type Db = Kysely<ContainerSchema>

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
  /** For the renewals of leases alone, where a connection is kept free for them. Default: the same as for all else. */
  forRenewals?: AnyKysely | undefined
  tablePrefix: string
  /** How messages name the database: no user, no password. */
  label: string
  clock: Clock
}

/** Our tables in somebody's database: runs work on them, and gives failures their names. */
export class Database {
  readonly kind: SqlKind
  readonly label: string
  readonly prefix: string
  readonly clock: Clock
  readonly #db: Db
  readonly #forRenewals: Db
  readonly #transactions = new SerialQueue(MOST_TRANSACTIONS)
  #fault: Promise<(error: unknown) => SqlFault | undefined> | undefined

  constructor(db: AnyKysely, { forRenewals = db, tablePrefix, label, clock }: DatabaseOptions) {
    this.kind = kindOf(db)
    this.label = label
    this.prefix = tablePrefix
    this.clock = clock
    // The user's own plugins would change our names and results.
    const ours = (one: AnyKysely): Db => one.withoutPlugins().withPlugin(prefixPlugin(tablePrefix))
    this.#db = ours(db)
    this.#forRenewals = ours(forRenewals)
  }

  /**
   * Runs work that does no harm the second time; again after passing failures. Throws the errors of `failure`.
   */
  async run<T>(work: (db: Db) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const policy = { ...RETRY, sleep: async (ms: number) => this.clock.sleep(ms, signal) }
    return retrying(() => this.once(work, signal), isPassing, policy, signal)
  }

  /** One try. */
  async once<T>(work: (db: Db) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await this.#within(signal, () => work(this.#db))
  }

  /** One try of what keeps leases alive: it must wait for nobody's writes. */
  async renew<T>(work: (db: Db) => Promise<T>): Promise<T> {
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

  /** One try, in one transaction, of which a failure leaves nothing. */
  async transaction<T>(
    work: (db: Transaction<ContainerSchema>) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return await this.#within(signal, (givenUp) =>
      this.#transactions.run(async () => {
        const started = this.#db.transaction()
        // InnoDB's default locks the gaps between rows, where other sessions' rows belong.
        const isolated = this.kind === 'sqlite' ? started : started.setIsolationLevel('read committed')
        return await isolated.execute(async (db) => {
          if (this.kind === 'postgres') await POSTGRES_LIMITS.execute(db)
          const outcome = await work(db)
          // Whoever gave it up may have written something newer since.
          givenUp.throwIfAborted()
          return outcome
        })
      }),
    )
  }

  /** The same, again after passing failures, for what does no harm the second time. */
  async commit<T>(work: (db: Transaction<ContainerSchema>) => Promise<T>): Promise<T> {
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

  async close(): Promise<void> {
    await this.#db.destroy()
    await this.#forRenewals.destroy()
  }

  async #named(error: unknown): Promise<unknown> {
    this.#fault ??= faultsOf(this.kind, this.label)
    const fault = (await this.#fault)(error)
    if (fault === undefined) return error
    if (fault.kind === 'no_table')
      return new ConfigurationError('container.no_tables', `${this.label}: a table is not there`, {
        hint: 'Leave manageTables on, or run what containerSchemaSql() gives, with the same tablePrefix.',
      })
    if (fault.kind === 'duplicate')
      return new ConflictError('container.duplicate', `${this.label}: another wrote the same row first`, {
        hint: 'Try again.',
      })
    return renamed(fault.error)
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
const HINTS: Record<string, string> = {
  forbidden:
    'Check the user, the password and the rights: SELECT, INSERT, UPDATE and DELETE on the tables of the container.',
  not_found: 'Create the database, or correct its name or path in the URL of the container.',
  unsupported:
    'Check that the tables are those that containerSchemaSql() makes, and that the server is Postgres 12, MySQL 5.7 or MariaDB 10.3, or newer.',
}

/** The store's words for the same failure; its hints speak of the store's tables. */
function renamed(error: TgsessionError): TgsessionError {
  const reason = error.code.replace(/^store\./, '')
  const details = { hint: HINTS[reason] ?? error.hint, cause: error.cause }
  for (const Class of [UnreachableError, ForbiddenError, ConfigurationError, UnsupportedError])
    if (error instanceof Class) return new Class(`container.${reason}`, error.message, details)
  return error
}

async function faultsOf(kind: SqlKind, label: string): Promise<(error: unknown) => SqlFault | undefined> {
  if (kind === 'postgres') {
    const { postgresFault } = await import('../../sql/postgres.ts')
    return (error) => postgresFault(error, label)
  }
  if (kind === 'sqlite') {
    const { sqliteDialect } = await import('../../sql/sqlite.ts')
    const dialect = sqliteDialect({ kind, path: '', label })
    return (error) => dialect.fault(error)
  }
  const { mysqlDialect } = await import('../../sql/mysql.ts')
  const location = parseSqlUrl('mysql://localhost/any', '/')
  if (location.kind !== 'mysql') return () => undefined
  const dialect = mysqlDialect({ ...location, label })
  return (error) => dialect.fault(error)
}
