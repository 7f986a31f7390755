import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely'
import type { SqlConnection } from './connection.ts'
import type { SqlKind } from './kind.ts'
import type { SqlPool } from './pool.ts'

/** Kysely's language of this kind of database, over a pool of ours. */
export function dialectOf(kind: SqlKind, open: () => Promise<SqlPool>): Dialect {
  return { ...LANGUAGES[kind], createDriver: () => new PooledDriver(kind, open) }
}

const LANGUAGES: Record<SqlKind, Omit<Dialect, 'createDriver'>> = {
  postgres: {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  },
  mysql: {
    createAdapter: () => new MysqlAdapter(),
    createQueryCompiler: () => new MysqlQueryCompiler(),
    createIntrospector: (db) => new MysqlIntrospector(db),
  },
  sqlite: {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  },
}

/**
 * Sent once on each new connection to MySQL: to end waits for locks, and connections that have fallen silent within a
 * transaction, long before it would. (For Postgres `Database.transaction` does so, which a pooler does not mind.)
 */
const MYSQL_LIMITS = 'set session innodb_lock_wait_timeout = 10, wait_timeout = 60'

/**
 * Kysely over connections of ours. Those of Kysely's own dialects would lie in the pool again after an answer that
 * never came, and everybody who gets them waits for it too.
 */
class PooledDriver implements Driver {
  readonly #kind: SqlKind
  readonly #open: () => Promise<SqlPool>
  readonly #known = new WeakSet<SqlConnection>()
  #pool: SqlPool | undefined

  constructor(kind: SqlKind, open: () => Promise<SqlPool>) {
    this.#kind = kind
    this.#open = open
  }

  async init(): Promise<void> {
    this.#pool = await this.#open()
  }

  async acquireConnection(): Promise<PooledConnection> {
    if (this.#pool === undefined) throw new TypeError('the driver was not initialised')
    const raw = await this.#pool.acquire()
    const connection = new PooledConnection(this.#pool, raw)
    if (this.#kind !== 'mysql' || this.#known.has(raw)) return connection
    this.#known.add(raw)
    try {
      await connection.run(MYSQL_LIMITS)
      return connection
    } catch (error) {
      connection.release()
      throw error
    }
  }

  async beginTransaction(
    connection: PooledConnection,
    { isolationLevel }: TransactionSettings,
  ): Promise<void> {
    const level = isolationLevel === undefined ? '' : `isolation level ${isolationLevel}`
    if (level === '' || this.#kind === 'postgres') return await connection.run(`begin ${level}`)
    await connection.run(`set transaction ${level}`)
    await connection.run('begin')
  }

  async commitTransaction(connection: PooledConnection): Promise<void> {
    await connection.run('commit')
  }

  async rollbackTransaction(connection: PooledConnection): Promise<void> {
    try {
      await connection.run('rollback')
    } catch (error) {
      // The next who gets it must not be within this transaction.
      connection.raw.destroy()
      throw error
    }
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.release()
  }

  async destroy(): Promise<void> {
    this.#pool?.close()
  }
}

class PooledConnection implements DatabaseConnection {
  readonly raw: SqlConnection
  readonly #pool: SqlPool

  constructor(pool: SqlPool, raw: SqlConnection) {
    this.#pool = pool
    this.raw = raw
  }

  async run(text: string): Promise<void> {
    await this.executeQuery(CompiledQuery.raw(text))
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affected } = await this.#pool.queryOn(this.raw, sql, parameters)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kysely's own promise about what it compiled
    return { rows: rows as Row[], numAffectedRows: BigInt(affected) }
  }

  // oxlint-disable-next-line require-yield -- the interface wants a generator
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new TypeError('nothing of ours is read as a stream')
  }

  release(): void {
    this.#pool.release(this.raw)
  }
}
