import { type Compilable, type Kysely, sql } from 'kysely'
import { ForbiddenError, UnsupportedError } from '../../base/errors.ts'
import { type RetryPolicy, retrying } from '../../base/retry.ts'
import type { SqlClient } from '../../sql/client.ts'
import { isPassingFault, sqlError } from '../../sql/errors.ts'
import type { SqlKind } from '../../sql/kind.ts'
import type { StoreOptions } from '../store.ts'
import { CREATE_TABLES, mayNotCreate, type SqlTables } from './tables.ts'

/** Four times below the smallest packet that a server takes by default (MySQL 5.7: 4 MiB; MariaDB: 16 MiB). */
const PART_BYTES = 1024 * 1024

/** Runs statements: again after passing failures, with tables made when they prove missing. */
export class SqlRunner {
  readonly #client: SqlClient<SqlTables>
  readonly #retry: RetryPolicy
  #partBytes: Promise<number> | undefined

  constructor(client: SqlClient<SqlTables>, retry: RetryPolicy) {
    this.#client = client
    this.#retry = retry
  }

  get db(): Kysely<SqlTables> {
    return this.#client.db
  }

  get kind(): SqlKind {
    return this.#client.kind
  }

  get label(): string {
    return this.#client.label
  }

  /** Bytes of the largest part of a body: below what one statement may have. */
  partBytes(options: StoreOptions): Promise<number> {
    this.#partBytes ??= this.#askPartBytes(options).catch((error: unknown) => {
      this.#partBytes = undefined
      throw error
    })
    return this.#partBytes
  }

  async #askPartBytes(options: StoreOptions): Promise<number> {
    if (this.kind !== 'mysql') return PART_BYTES
    const query = sql<{ most: number | string }>`select @@max_allowed_packet as most`
    const { rows } = await this.run({ compile: () => query.compile(this.db) }, options)
    return Math.min(PART_BYTES, Math.floor(Number(rows[0]?.most) / 2))
  }

  /**
   * Each statement commits by itself. It may run more than once where an answer is lost, so it must be one that does
   * no harm the second time. A row that is there already counts as none affected.
   */
  async run<Row>(
    query: Compilable<Row>,
    { signal }: StoreOptions,
    attempts = this.#retry.attempts,
  ): Promise<{ rows: Row[]; affected: number }> {
    try {
      return await retrying(
        async () => this.#try(query, signal),
        (error) => {
          const fault = this.#client.fault(error)
          return fault !== undefined && isPassingFault(fault)
        },
        { ...this.#retry, attempts },
        signal,
      )
    } catch (error) {
      signal?.throwIfAborted()
      const fault = this.#client.fault(error)
      if (fault?.meaning === 'duplicate') return { rows: [], affected: 0 }
      if (fault?.meaning === 'no_table') throw this.#noTables()
      throw this.#named(error)
    }
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  async #try<Row>(
    query: Compilable<Row>,
    signal: AbortSignal | undefined,
  ): Promise<{ rows: Row[]; affected: number }> {
    try {
      return await this.#client.execute(query, signal)
    } catch (error) {
      if (this.#client.fault(error)?.meaning !== 'no_table') throw error
    }
    await this.#createTables(signal)
    return await this.#client.execute(query, signal)
  }

  async #createTables(signal: AbortSignal | undefined): Promise<void> {
    const statements = CREATE_TABLES[this.kind]
    for (const statement of statements)
      try {
        await this.#client.query(statement, [], signal)
      } catch (error) {
        // In Postgres two who create at once meet in the catalogue, whatever IF NOT EXISTS says; the first has won.
        if (this.#client.fault(error)?.meaning === 'duplicate') continue
        const named = this.#named(error)
        if (named instanceof ForbiddenError) throw mayNotCreate(this.label, statements, named.cause)
        throw error
      }
  }

  #named(error: unknown): unknown {
    const fault = this.#client.fault(error)
    return (fault && sqlError(fault, { scope: 'store', label: this.label }, error)) ?? error
  }

  #noTables(): UnsupportedError {
    return new UnsupportedError(
      'store.unsupported',
      `${this.label}: tables that were just made are not found`,
      {
        hint: 'Check that the user creates tables where it looks for them: the search_path of Postgres.',
      },
    )
  }
}
