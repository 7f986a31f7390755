import type { Compilable, Kysely } from 'kysely'
import { ForbiddenError, UnsupportedError } from '../../base/errors.ts'
import { type RetryPolicy, retrying } from '../../base/retry.ts'
import type { SqlDialect, SqlTables } from '../../sql/dialect.ts'
import { mayNotCreate } from '../../sql/errors.ts'
import { type SqlLimits, SqlPool } from '../../sql/pool.ts'
import type { StoreOptions } from '../store.ts'

/** Runs statements: over the pool, again after passing failures, with tables made when they prove missing. */
export class SqlRunner {
  readonly dialect: SqlDialect
  readonly #pool: SqlPool
  readonly #retry: RetryPolicy

  constructor(dialect: SqlDialect, limits: SqlLimits, retry: RetryPolicy) {
    this.dialect = dialect
    this.#pool = new SqlPool(() => dialect.connect(), dialect.maxConnections, limits)
    this.#retry = retry
  }

  get builder(): Kysely<SqlTables> {
    return this.dialect.builder
  }

  /**
   * Each statement commits by itself. It may run more than once where an answer is lost, so it must be one that does
   * no harm the second time. A row that is there already counts as none affected.
   */
  async run<Row>(
    query: Compilable<Row>,
    options: StoreOptions,
    attempts = this.#retry.attempts,
  ): Promise<{ rows: Row[]; affected: number }> {
    const { sql, parameters } = query.compile()
    try {
      const { rows, affected } = await retrying(
        async () => this.#try(sql, parameters, options),
        (error) => {
          const fault = this.dialect.fault(error)
          return fault?.kind === 'error' && fault.passing
        },
        { ...this.#retry, attempts },
        options.signal,
      )
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely's own promise about what it compiled
      return { rows: rows as Row[], affected }
    } catch (error) {
      options.signal?.throwIfAborted()
      const fault = this.dialect.fault(error)
      if (fault?.kind === 'duplicate') return { rows: [], affected: 0 }
      if (fault?.kind === 'no_table') throw this.#noTables()
      throw fault === undefined ? error : fault.error
    }
  }

  close(): void {
    this.#pool.close()
  }

  async #try(
    text: string,
    parameters: readonly unknown[],
    { signal }: StoreOptions,
  ): Promise<{ rows: unknown[]; affected: number }> {
    try {
      return await this.#pool.query(text, parameters, signal)
    } catch (error) {
      if (this.dialect.fault(error)?.kind !== 'no_table') throw error
    }
    await this.#createTables(signal)
    return this.#pool.query(text, parameters, signal)
  }

  async #createTables(signal: AbortSignal | undefined): Promise<void> {
    for (const statement of this.dialect.createTables)
      try {
        await this.#pool.query(statement, [], signal)
      } catch (error) {
        const fault = this.dialect.fault(error)
        // In Postgres two who create at once meet in the catalogue, whatever IF NOT EXISTS says; the first has won.
        if (fault?.kind === 'duplicate') continue
        if (fault?.kind === 'error' && fault.error instanceof ForbiddenError)
          throw mayNotCreate(this.dialect.label, this.dialect.createTables, fault.error.cause)
        throw error
      }
  }

  #noTables(): UnsupportedError {
    return new UnsupportedError(
      'store.unsupported',
      `${this.dialect.label}: tables that were just made are not found`,
      {
        hint: 'Check that the user creates tables where it looks for them: the search_path of Postgres.',
      },
    )
  }
}
