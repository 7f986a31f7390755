import { BadDataError } from '../errors.ts'
import { recognise } from './recognise.ts'
import { SqlDatabase, type SqlRow } from './sql.ts'

/**
 * Telethon's `.session` file: which tables it has, and whether some bytes are one. Versions 1 to 8 are read and
 * kept; new files are made as version 7 (Telethon 1.17 to 1.42). Source: telethon/sessions/sqlite.py.
 */
export const NEWEST_VERSION = 8

export interface TelethonFile {
  db: SqlDatabase
  version: number
  /** Lower-case column names by table, for the tables that there are. */
  columns: ReadonlyMap<string, ReadonlySet<string>>
}

const CREATE = `
create table version (version integer primary key);
create table sessions (
                    dc_id integer primary key,
                    server_address text,
                    port integer,
                    auth_key blob,
                    takeout_id integer
                );
create table entities (
                    id integer primary key,
                    hash integer not null,
                    username text,
                    phone integer,
                    name text,
                    date integer
                );
create table sent_files (
                    md5_digest blob,
                    file_size integer,
                    type integer,
                    id integer,
                    hash integer,
                    primary key(md5_digest, file_size, type)
                );
create table update_state (
                    id integer primary key,
                    pts integer,
                    qts integer,
                    date integer,
                    seq integer
                );
insert into version values (7);
insert into sessions values (0, null, null, x'', null);
`

/** A new file without a login, as Telethon makes it. */
export async function createTelethonFile(): Promise<TelethonFile> {
  const db = await SqlDatabase.open()
  db.script(CREATE)
  return { db, version: 7, columns: columnsOf(db) }
}

/** Opens the bytes (a copy). Throws `BadDataError`, with a code of its own for each way in which they can be wrong. */
export async function openTelethonFile(bytes: Uint8Array): Promise<TelethonFile> {
  refuseOtherFormats(bytes)
  const copy = new Uint8Array(bytes)
  // Journal mode delete, also for a file that was last used in WAL mode: bytes 18 and 19 say which it is.
  copy.fill(1, 18, 20)
  const db = await SqlDatabase.open(copy)
  try {
    const problem = integrityProblem(db)
    if (problem !== undefined)
      throw bad('corrupt', `the session file is damaged (${problem})`, 'Restore a copy of it that is whole.')
    const columns = columnsOf(db)
    refuseOtherSchemas(columns)
    return { db, version: versionOf(db), columns }
  } catch (error) {
    db.close()
    throw error
  }
}

/** A refusal of a file. `hint` says what to do next. */
export function bad(reason: string, message: string, hint: string): BadDataError {
  return new BadDataError(`session.${reason}`, message, { hint })
}

function refuseOtherFormats(bytes: Uint8Array): void {
  const found = recognise(bytes)
  const expected = 'expected a Telethon .session file'
  if (found.kind === 'empty')
    throw bad('empty', `the file is empty; ${expected}`, 'Restore a copy, or log in.')
  if (found.kind === 'encrypted')
    throw bad(
      'encrypted',
      `this is ${found.name}; ${expected}`,
      'Decrypt it first, with the key it was made for.',
    )
  if (found.kind === 'foreign')
    throw bad('foreign', `this is ${found.name}; ${expected}`, 'Name the .session file itself.')
  if (found.kind === 'unknown')
    throw bad('garbage', `this is nothing known; ${expected}`, 'Check that the right file was named.')
  const wanted = expectedBytes(bytes)
  if (bytes.length < wanted)
    throw bad(
      'truncated',
      `the file ends after ${bytes.length} of ${wanted} bytes`,
      'Copy it again, as a whole.',
    )
}

/** How long the header says that the file is (SQLite file format, section 1.3). */
function expectedBytes(bytes: Uint8Array): number {
  if (bytes.length < 512) return 512
  const header = new DataView(bytes.buffer, bytes.byteOffset, 100)
  const pageSize = header.getUint16(16) === 1 ? 65_536 : header.getUint16(16)
  // Versions before 3.7.0 leave the page count stale, which these two counters show.
  const isCurrent = header.getUint32(24) === header.getUint32(92)
  return isCurrent ? pageSize * header.getUint32(28) : 512
}

function integrityProblem(db: SqlDatabase): string | undefined {
  try {
    const result = Object.values(db.get('pragma quick_check(1)') ?? {})[0]
    return result === 'ok' ? undefined : 'the integrity check fails'
  } catch {
    // sql.js's words quote the file's own schema, so only the fact is passed on.
    return 'SQLite cannot read it'
  }
}

function columnsOf(db: SqlDatabase): Map<string, Set<string>> {
  const tables = db.all(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
  )
  const columns = (row: SqlRow): Set<string> => {
    const rows = db.all('select name from pragma_table_info(?)', row['name'] ?? null)
    return new Set(rows.map((column) => String(column['name']).toLowerCase()))
  }
  return new Map(tables.map((row) => [String(row['name']).toLowerCase(), columns(row)]))
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  version: ['version'],
  sessions: ['dc_id', 'server_address', 'port', 'auth_key'],
  entities: ['id', 'hash', 'username', 'phone', 'name'],
}

function refuseOtherSchemas(columns: TelethonFile['columns']): void {
  const has = (table: string, column: string): boolean => columns.get(table)?.has(column) ?? false
  const isTelethon = Object.entries(REQUIRED).every(([table, names]) =>
    names.every((name) => has(table, name)),
  )
  if (isTelethon && !has('sessions', 'session_id')) return
  if (has('version', 'version') && has('sessions', 'salt') && has('sessions', 'layer'))
    throw bad('too_old', 'this is a session file of a Telethon before 0.16', 'Log in anew.')
  const name = foreignSchema(has, columns)
  throw bad(
    'foreign',
    `this is ${name}; expected a Telethon .session file`,
    'Name a .session file made by Telethon.',
  )
}

function foreignSchema(
  has: (table: string, column: string) => boolean,
  columns: TelethonFile['columns'],
): string {
  if (columns.size === 0) return 'an SQLite database without any table'
  if (has('version', 'number') && columns.has('peers')) return 'a Pyrogram (or Kurigram) session'
  if (columns.has('mtcute_migrations') || has('auth_keys', 'dc')) return 'an mtcute session'
  if ([...columns.values()].some((names) => names.has('session_id') && names.has('auth_key')))
    return 'an alchemysession database'
  return 'an SQLite database of another program'
}

function versionOf(db: SqlDatabase): number {
  const rows = db.all('select version from version')
  const version = rows[0]?.['version']
  if (rows.length !== 1 || typeof version !== 'bigint' || version < 1n)
    throw bad(
      'bad_version',
      'the session file does not say its version',
      'Restore a copy of it that is whole.',
    )
  if (version > BigInt(NEWEST_VERSION))
    throw bad(
      'too_new',
      `the session file has version ${version}; this release knows versions up to ${NEWEST_VERSION}`,
      'Update tgsession. The file was not changed.',
    )
  return Number(version)
}
