import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { TgsessionError } from '../base/errors.ts'
import type { SqlConnection, SqlResult } from './connection.ts'
import { codeOf, type SqlFault, type SqlMeaning } from './errors.ts'

const BUSY = 5
const LOCKED = 6
/** Of a condition that somebody set: SQLITE_CONSTRAINT_CHECK. */
const CONSTRAINT_CHECK = 275

/** SQLite blocks the whole process while it waits for a lock: no longer than this, then others get a turn. */
const BLOCKING_WAIT_MS = 10
const LONGEST_PAUSE_MS = 25

/**
 * One file, shared by the processes of one host. The journal is left as the file has it (a rollback journal, unless
 * somebody chose WAL), so that at rest the file alone is the whole store; `synchronous` stays FULL.
 */
export class SqliteConnection implements SqlConnection {
  readonly #path: string
  #database: DatabaseSync | undefined
  #usable = true

  constructor(path: string) {
    this.#path = path
  }

  get usable(): boolean {
    return this.#usable
  }

  async open(): Promise<void> {
    // SQLite would create it readable for everybody.
    const file = await open(this.#path, 'a', 0o600)
    await file.close()
    if (this.#usable) this.#database = new DatabaseSync(this.#path, { timeout: BLOCKING_WAIT_MS })
  }

  /** Waits for a lock as long as it is let. */
  async query(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    for (;;) {
      try {
        return this.#run(sql, parameters.map(toValue))
      } catch (error) {
        if (![BUSY, LOCKED].includes((resultCode(error) ?? 0) & 0xff) || !this.#usable) throw error
      }
      await wait(Math.random() * LONGEST_PAUSE_MS)
    }
  }

  hold(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    this.#usable = false
    this.#database?.close()
    this.#database = undefined
  }

  #run(sql: string, values: (string | number | null | Uint8Array)[]): SqlResult {
    if (this.#database === undefined) throw Object.assign(new Error('closed'), { code: 'ECANCELED' })
    const statement = this.#database.prepare(sql)
    if (statement.columns().length > 0) return { rows: statement.all(...values), affected: 0 }
    return { rows: [], affected: Number(statement.run(...values).changes) }
  }
}

function toValue(value: unknown): string | number | null | Uint8Array {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  if (value instanceof Uint8Array) return value
  throw new TypeError('a value that no column of ours holds')
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined
}

/** By SQLite's result code (https://www.sqlite.org/rescode.html), or by the system's for opening the file. */
export function sqliteFault(error: unknown): SqlFault | undefined {
  if (!(error instanceof Error) || error instanceof TgsessionError) return undefined
  const code = resultCode(error)
  if (code !== undefined) {
    const meaning = error.message.startsWith('no such table') ? 'no_table' : resultMeaning(code)
    return { meaning, detail: `SQLite ${code & 0xff}` }
  }
  const name = codeOf(error)
  return name === undefined || !/^E[A-Z0-9]+$/.test(name) || name.startsWith('ERR_')
    ? undefined
    : { meaning: systemMeaning(name), detail: name }
}

function resultMeaning(code: number): SqlMeaning {
  if (code === CONSTRAINT_CHECK) return 'bad_value'
  switch (code & 0xff) {
    case 3: // PERM
    case 8: // READONLY
    case 23: // AUTH
      return 'forbidden'
    case BUSY:
    case LOCKED:
    case 9: // INTERRUPT
    case 10: // IOERR
    case 15: // PROTOCOL
    case 17: // SCHEMA
      return 'unreachable'
    case 7: // NOMEM
    case 13: // FULL
      return 'overloaded'
    case 11: // CORRUPT
    case 26: // NOTADB
      return 'damaged'
    case 14: // CANTOPEN
      return 'not_found'
    case 18: // TOOBIG
    case 20: // MISMATCH
      return 'bad_value'
    case 19: // CONSTRAINT
      return 'duplicate'
    default:
      return 'unsupported'
  }
}

function systemMeaning(code: string): SqlMeaning {
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return 'forbidden'
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code)) return 'not_found'
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes(code) ? 'overloaded' : 'unreachable'
}
