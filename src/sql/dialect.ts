import type { Kysely } from 'kysely'
import type { TgsessionError } from '../base/errors.ts'

/** The two tables. Keys are text in Postgres and bytes elsewhere; numbers may come back as text. */
export interface SqlTables {
  tgsession_objects: {
    object_key: string | Uint8Array
    /** A fresh UUID for every write. */
    version: string
    /** In bytes. */
    size: number | string
    /** The whole body, or null where it lies in parts. */
    body: Uint8Array | null
  }
  tgsession_chunks: {
    /** Of the object that these parts belong to, or will once they are all there. */
    version: string
    /** From 0. */
    number: number
    /** When it was written, in ms since 1970 by the writer's clock; only for the age of leftovers. */
    written_ms: number | string
    body: Uint8Array
  }
}

export interface SqlResult {
  rows: unknown[]
  /** How many rows an INSERT, UPDATE or DELETE has met. */
  affected: number
}

/** One connection to a database. It is opened once, used for one statement at a time, and never used again after an end. */
export interface SqlConnection {
  open(): Promise<void>
  query(sql: string, parameters: readonly unknown[]): Promise<SqlResult>
  /** False once the other side has gone. */
  readonly usable: boolean
  /** Whether it keeps Node alive. */
  hold(on: boolean): void
  /** Says goodbye, as far as that is possible without waiting. */
  end(): void
  /** Cuts it off at once, whatever it is doing. */
  destroy(): void
}

/**
 * What a failure means for whoever asked:
 * - `no_table`: our tables are not there (yet).
 * - `duplicate`: the row is there already.
 * - `error`: as it stands; `passing` says that another try may do better.
 */
export type SqlFault =
  | { kind: 'no_table' }
  | { kind: 'duplicate' }
  | { kind: 'error'; passing: boolean; error: TgsessionError }

/** What differs between databases. */
export interface SqlDialect {
  /** How messages name the store: no user, no password, no parameters. */
  readonly label: string
  /** Builds statements and never runs them. */
  readonly builder: Kysely<SqlTables>
  /** Whether INSERT … ON CONFLICT DO NOTHING is understood; else a duplicate comes as an error. */
  readonly hasOnConflict: boolean
  readonly maxConnections: number
  /** Each may be run any number of times. */
  readonly createTables: readonly string[]
  connect(): SqlConnection
  encodeKey(key: string): string | Uint8Array
  /** Undefined for what did not come from the database, its driver or the network. */
  fault(error: unknown): SqlFault | undefined
}
