import { ForbiddenError } from '../../base/errors.ts'
import type { SqlKind } from '../../sql/kind.ts'

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

/** Each may be run any number of times. */
export const CREATE_TABLES: Record<SqlKind, readonly string[]> = {
  postgres: [
    'CREATE TABLE IF NOT EXISTS tgsession_objects (object_key text COLLATE "C" PRIMARY KEY, version text NOT NULL, size bigint NOT NULL, body bytea)',
    'CREATE TABLE IF NOT EXISTS tgsession_chunks (version text NOT NULL, number integer NOT NULL, written_ms bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (version, number))',
  ],
  mysql: [
    'CREATE TABLE IF NOT EXISTS tgsession_objects (object_key VARBINARY(1024) NOT NULL PRIMARY KEY, version VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, size BIGINT NOT NULL, body LONGBLOB) ENGINE=InnoDB ROW_FORMAT=DYNAMIC',
    'CREATE TABLE IF NOT EXISTS tgsession_chunks (version VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, number INT NOT NULL, written_ms BIGINT NOT NULL, body LONGBLOB NOT NULL, PRIMARY KEY (version, number)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC',
  ],
  sqlite: [
    'CREATE TABLE IF NOT EXISTS tgsession_objects (object_key BLOB NOT NULL PRIMARY KEY, version TEXT NOT NULL, size INTEGER NOT NULL, body BLOB)',
    'CREATE TABLE IF NOT EXISTS tgsession_chunks (version TEXT NOT NULL, number INTEGER NOT NULL, written_ms INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (version, number))',
  ],
}

/** In the order of bytes everywhere: Postgres has a collation for it, elsewhere keys are bytes. */
export function encodeKey(kind: SqlKind, key: string): string | Uint8Array {
  return kind === 'postgres' ? key : Buffer.from(key)
}

/** If this user may not create the tables, the error lists the statements that another user must run. */
export function mayNotCreate(label: string, statements: readonly string[], cause: unknown): ForbiddenError {
  return new ForbiddenError(
    'store.forbidden',
    `${label}: the tables are not there, and this user may not create them`,
    {
      hint: `Let somebody who may run this, and grant SELECT, INSERT, UPDATE and DELETE: ${statements.join('; ')};`,
      cause,
    },
  )
}
