import { createHash } from 'node:crypto'
import type { BadDataError } from '../base/errors.ts'
import { type AnySession, type SessionFormat, withSession } from './read-session.ts'
import { ownUserId, readSessionRow } from './formats/telethon/session-row.ts'
import { bad } from './sqlite/file.ts'
import {
  openWithSqlite,
  plainTelethonTables,
  type TelethonFile,
  type TelethonTables,
} from './formats/telethon/file.ts'

/** What a session holds, of whatever format, without a secret in it. */
export interface SessionReport {
  format: SessionFormat
  /** The schema's version (Telethon's 1 to 8, Pyrogram's 1 to 7); null where the format has none. */
  version: number | null
  /** 0 and null while no data centre was chosen. */
  dcId: number
  serverAddress: string | null
  port: number
  /** Whether there is a key. Whether Telegram still takes it, only Telegram knows. */
  loggedIn: boolean
  keyFingerprint: string | null
  takeoutId: string | null
  /** The account's own id, if the session tells it. */
  userId: string | null
  /** How many peers it knows, the account's own row not counted. */
  entities: number
  sentFiles: number
  updateStates: number
  /** Keys of other data centres. */
  otherKeys: number
  /** Tables that an SQLite before 3.8.2 takes for corruption; `tgsession convert` makes a file without them. */
  withoutRowid: boolean
  bytes: number
  /** Empty: what is not sound is thrown (see `unsoundReport`). */
  problems: string[]
}

/** The report of what is no sound session: why, and nothing else. */
export type UnsoundReport = { [Field in keyof SessionReport]: Field extends 'problems' ? string[] : null }

/**
 * The public name of a key: MTProto's auth_key_id, which is the last 8 bytes of sha1(key), as 16 lower-case hex digits
 * in the order in which they stand there (and go over the wire). It cannot be used to connect.
 * Source: core.telegram.org/mtproto/description, "Authorization Key Identifier".
 */
export function keyFingerprint(authKey: Uint8Array): string {
  return createHash('sha1').update(authKey).digest().subarray(12, 20).toString('hex')
}

/**
 * What some bytes are and whether they are whole: an SQLite file of Telethon, Pyrogram (Kurigram) or mtcute, or a session
 * string of these or GramJS. Throws `BadDataError` for anything else: `session.empty`, `.foreign`, `.encrypted`,
 * `.garbage`, `.truncated`, `.corrupt`, `.too_old`, `.too_new`, `.bad_version`, `.bad_row`, `.ambiguous`, `.no_dc`,
 * `.bad_string`.
 */
export async function inspectSession(bytes: Uint8Array): Promise<SessionReport> {
  return await withSession(bytes, (found, telethon) => reportOf(found, bytes.length, telethon))
}

/** What is in a session that was read already. `bytes` is its size. */
export function reportOf(
  { format, version, session }: AnySession,
  bytes: number,
  telethon?: TelethonFile,
): SessionReport {
  const { dcId, serverAddress, port, authKey, takeoutId, userId } = session
  return {
    format,
    version: version ?? null,
    dcId,
    serverAddress: serverAddress ?? null,
    port,
    loggedIn: authKey !== undefined,
    keyFingerprint: authKey === undefined ? null : keyFingerprint(authKey),
    takeoutId: takeoutId === undefined ? null : String(takeoutId),
    userId: userId === undefined ? null : String(userId),
    entities: session.entities.length,
    sentFiles: 0,
    updateStates: session.updateStates.size,
    otherKeys: session.otherKeys.size,
    withoutRowid: false,
    bytes,
    problems: [],
    ...(telethon && countsOf(telethon)),
  }
}

/** The same shape for what is not sound, from the failure that said so. */
export function unsoundReport(failure: BadDataError): UnsoundReport {
  return {
    format: null,
    version: null,
    dcId: null,
    serverAddress: null,
    port: null,
    loggedIn: null,
    keyFingerprint: null,
    takeoutId: null,
    userId: null,
    entities: null,
    sentFiles: null,
    updateStates: null,
    otherKeys: null,
    withoutRowid: null,
    bytes: null,
    problems: [failure.message],
  }
}

/**
 * What the replica must know of a session's bytes, which have to be a Telethon file. Throws as `inspectSession`, and
 * `session.no_key` if nobody ever logged in with it.
 */
export async function verifySession(
  bytes: Uint8Array,
): Promise<{ keyFingerprint: string; userId: string | null; bytes: number }> {
  const plain = plainTelethonTables(bytes)
  if (plain !== undefined) return verified(plain, bytes.length)
  const file = await openWithSqlite(bytes)
  try {
    return verified(file, bytes.length)
  } finally {
    file.db.close()
  }
}

function verified(
  tables: TelethonTables,
  bytes: number,
): { keyFingerprint: string; userId: string | null; bytes: number } {
  const { authKey } = readSessionRow(tables)
  if (authKey === undefined)
    throw bad('no_key', 'the session file holds no auth key: nobody has logged in with it', 'Log in first.')
  const userId = ownUserId(tables)
  return {
    keyFingerprint: keyFingerprint(authKey),
    userId: userId === undefined ? null : String(userId),
    bytes,
  }
}

function countsOf(
  file: TelethonFile,
): Pick<SessionReport, 'entities' | 'updateStates' | 'sentFiles' | 'otherKeys' | 'withoutRowid'> {
  const count = (table: string, where = ''): number =>
    file.columns.has(table) ? Number(file.db.get(`select count(*) as n from ${table} ${where}`)?.['n']) : 0
  const tables = file.db.all(`select sql from sqlite_master where type = 'table'`)
  return {
    entities: count('entities', 'where id <> 0'),
    updateStates: count('update_state'),
    sentFiles: count('sent_files'),
    otherKeys: count('tgsession_auth_keys'),
    withoutRowid: tables.some(({ sql }) => /\bwithout\s+rowid\b/i.test(String(sql))),
  }
}
