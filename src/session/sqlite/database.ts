import type { Database, SqlJsStatic } from 'sql.js'
import { BadDataError, ConfigurationError, safeCause } from '../../base/errors.ts'

export type SqlValue = bigint | number | string | Uint8Array | null
export type SqlRow = Record<string, SqlValue>

/** What sql.js 1.16 can do and its type package does not know: 64-bit integers as BigInt. */
interface Statement {
  bind(values: readonly SqlValue[]): boolean
  step(): boolean
  get(values: null, options: { useBigInt: true }): SqlValue[]
  getColumnNames(): string[]
  reset(): void
  free(): void
}

/** The names are asked for once: it takes sql.js longer than reading a row. */
interface Prepared {
  statement: Statement
  names: string[] | undefined
}

/**
 * A key that was replaced must not stay readable in the file's free space. And nobody else has this database, so SQLite
 * need not look before each statement whether somebody changed it, which takes longer than the statement.
 */
const PRAGMAS = 'pragma secure_delete = on; pragma locking_mode = exclusive; pragma journal_mode = memory'

let loading: Promise<SqlJsStatic> | undefined

/** The WebAssembly lies beside sql.js's own script, wherever npm put that, so nothing has to be located here. */
function sqlJs(): Promise<SqlJsStatic> {
  loading ??= import('sql.js')
    .then(({ default: init }) => init())
    .catch((error: unknown) => {
      loading = undefined
      throw new ConfigurationError(
        'session.no_sqlite',
        'sql.js, which writes session files, cannot be loaded',
        {
          hint: 'Install it beside tgsession. In a bundle leave both out: esbuild --external:tgsession --external:sql.js, or copy sql-wasm.wasm beside the bundle.',
          cause: safeCause(error),
        },
      )
    })
  return loading
}

/**
 * Loads what writes session files, so that a program without it fails when it starts and not at its first save.
 * @throws ConfigurationError `session.no_sqlite`
 */
export async function requireSqlite(): Promise<void> {
  await sqlJs()
}

/** SQLite's own message may quote the file's content, so only the fact is passed on. */
function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new BadDataError('session.corrupt', 'the session file is damaged (SQLite cannot read it)', {
      hint: 'Restore a copy of it that is whole.',
      cause: safeCause(error),
    })
  }
}

/**
 * One SQLite database in memory. Integers come out as BigInt. A BigInt goes in as a double where that is exact, else as
 * text: write `cast(? as integer)`, which is exact for both. What SQLite refuses is a `BadDataError` (`session.corrupt`).
 */
export class SqlDatabase {
  #bytes: Uint8Array | undefined
  #sqlite: SqlJsStatic | undefined
  #opened: Database | undefined
  #isClosed = false
  readonly #statements = new Map<string, Prepared>()

  private constructor(bytes: Uint8Array | undefined) {
    // sql.js copies an array, and writes into a Buffer.
    this.#bytes = bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Of these bytes, or empty. They are copied at the first query; whether they are a database shows there. */
  static async open(bytes?: Uint8Array): Promise<SqlDatabase> {
    const database = new SqlDatabase(bytes)
    await database.start()
    return database
  }

  /** The same before `start()`: until then it takes no query, and `export()` gives these bytes. */
  static notStarted(bytes: Uint8Array): SqlDatabase {
    return new SqlDatabase(bytes)
  }

  /** SQLite's WebAssembly takes some 20 ms, once in a process. */
  async start(): Promise<void> {
    this.#sqlite ??= await sqlJs()
  }

  get isStarted(): boolean {
    return this.#sqlite !== undefined
  }

  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    const rows: SqlRow[] = []
    this.each(sql, values, (row) => rows.push(row))
    return rows
  }

  /** Row by row, for tables that are too large to hold twice. */
  each(sql: string, values: SqlValue[], use: (row: SqlRow) => void): void {
    const prepared = this.#bound(sql, values)
    try {
      while (attempt(() => prepared.statement.step())) use(rowOf(prepared))
    } finally {
      prepared.statement.reset()
    }
  }

  get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    const prepared = this.#bound(sql, values)
    try {
      return attempt(() => prepared.statement.step()) ? rowOf(prepared) : undefined
    } finally {
      prepared.statement.reset()
    }
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.get(sql, ...values)
  }

  /** Several statements without parameters. */
  script(sql: string): void {
    attempt(() => this.#db.exec(sql))
  }

  transaction(work: () => void): void {
    this.run('begin')
    try {
      work()
      this.run('commit')
    } catch (error) {
      this.run('rollback')
      throw error
    }
  }

  /** The file as it is. Not inside a transaction. */
  export(): Uint8Array {
    if (this.#opened === undefined && this.#bytes !== undefined) return Uint8Array.from(this.#bytes)
    return this.#db.export()
  }

  close(): void {
    for (const { statement } of this.#statements.values()) statement.free()
    this.#statements.clear()
    this.#opened?.close()
    this.#opened = undefined
    this.#bytes = undefined
    this.#isClosed = true
  }

  get #db(): Database {
    if (this.#opened !== undefined) return this.#opened
    if (this.#sqlite === undefined || this.#isClosed)
      throw new TypeError(`the database is ${this.#isClosed ? 'closed' : 'not started'}`)
    const db = new this.#sqlite.Database(this.#bytes)
    this.#opened = db
    attempt(() => db.exec(PRAGMAS))
    return db
  }

  #bound(sql: string, values: SqlValue[]): Prepared {
    return attempt(() => {
      const prepared = this.#prepare(sql)
      prepared.statement.bind(values.map(bindable))
      return prepared
    })
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see Statement
    const prepared = { statement: this.#db.prepare(sql) as unknown as Statement, names: undefined }
    this.#statements.set(sql, prepared)
    return prepared
  }
}

/** sql.js binds text by copying it into its memory, which takes longer than the look-up itself. */
function bindable(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function rowOf(prepared: Prepared): SqlRow {
  const { statement } = prepared
  prepared.names ??= statement.getColumnNames()
  const values = statement.get(null, { useBigInt: true })
  const row: SqlRow = {}
  for (const [k, name] of prepared.names.entries()) row[name] = values[k] ?? null
  return row
}
