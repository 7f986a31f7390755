import { type Compilable, Kysely } from 'kysely'
import type { SqlConnection, SqlResult } from './connection.ts'
import { dialectOf } from './driver.ts'
import type { ReadFault, SqlFault } from './errors.ts'
import type { SqlKind } from './kind.ts'
import { type SqlLimits, SqlPool } from './pool.ts'

/** The client of one kind of database. */
export interface SqlEngine {
  connect(): SqlConnection
  fault: ReadFault
}

export interface SqlClientOptions {
  /** Connections at most. */
  most: number
  limits?: Partial<SqlLimits> | undefined
}

/** Idle connections outlast the pause between two renewals of a lease, which is 15 s. */
const LIMITS: SqlLimits = { connectMs: 5000, queryMs: 15_000, idleMs: 20_000 }

/** One database: a few connections, Kysely over them, and what its failures mean. */
export class SqlClient<Tables> {
  readonly kind: SqlKind
  /** How messages name the database: no user, no password, no parameters. */
  readonly label: string
  readonly db: Kysely<Tables>
  readonly #load: () => Promise<SqlEngine>
  readonly #options: SqlClientOptions
  #opened: Promise<{ engine: SqlEngine; pool: SqlPool }> | undefined
  #fault: ReadFault = () => undefined

  /** The engine is loaded, and the database asked, when it is used first. */
  constructor(
    { kind, label, engine }: { kind: SqlKind; label: string; engine: () => Promise<SqlEngine> },
    options: SqlClientOptions,
  ) {
    this.kind = kind
    this.label = label
    this.#load = engine
    this.#options = options
    this.db = new Kysely({
      dialect: dialectOf(kind, async () => (await this.#open()).pool),
    })
  }

  /** One statement outside of any transaction. Once the signal fires, its connection is cut off. */
  async execute<Row>(
    query: Compilable<Row>,
    signal?: AbortSignal,
  ): Promise<{ rows: Row[]; affected: number }> {
    const { sql, parameters } = query.compile()
    const { rows, affected } = await this.query(sql, parameters, signal)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely's own promise about what it compiled
    return { rows: rows as Row[], affected }
  }

  async query(sql: string, parameters: readonly unknown[], signal?: AbortSignal): Promise<SqlResult> {
    const { pool } = await this.#open()
    return await pool.query(sql, parameters, signal)
  }

  /** Undefined for what did not come from the database, its driver or the network. */
  fault(error: unknown): SqlFault | undefined {
    return this.#fault(error)
  }

  /** Statements on their way may finish. */
  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined)
    opened?.pool.close()
  }

  #open(): Promise<{ engine: SqlEngine; pool: SqlPool }> {
    this.#opened ??= this.#connect()
    return this.#opened
  }

  async #connect(): Promise<{ engine: SqlEngine; pool: SqlPool }> {
    const engine = await this.#load()
    this.#fault = engine.fault
    const { most, limits } = this.#options
    return { engine, pool: new SqlPool(() => engine.connect(), most, { ...LIMITS, ...limits }) }
  }
}
