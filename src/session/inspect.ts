import { createHash } from 'node:crypto'
import { readSessionRow } from './session-row.ts'
import { bad, openTelethonFile, type TelethonFile } from './telethon-file.ts'

/** What a session file holds, without a secret in it. */
export interface SessionReport {
  format: 'telethon-sqlite'
  /** Telethon's schema version, 1 to 8. */
  version: number
  /** 0 and null while no data centre was chosen. */
  dcId: number
  serverAddress: string | null
  port: number
  hasKey: boolean
  keyFingerprint: string | null
  /** The account's own id, if the file tells it. */
  userId: string | null
  /** How many peers it knows, the account's own row not counted. */
  entities: number
  updateStates: number
  sentFiles: number
  takeoutId: string | null
  /** Keys of other data centres, which only tgsession keeps. */
  otherKeys: number
  bytes: number
}

/**
 * The public name of a key: MTProto's auth_key_id, which is the last 8 bytes of sha1(key), as 16 lower-case hex digits
 * in the order in which they stand there (and go over the wire). It cannot be used to connect.
 * Source: core.telegram.org/mtproto/description, "Authorization Key Identifier".
 */
export function keyFingerprint(authKey: Uint8Array): string {
  return createHash('sha1').update(authKey).digest().subarray(12, 20).toString('hex')
}

/**
 * What some bytes are and whether they are whole. Throws `BadDataError` for anything but a sound Telethon file:
 * `session.empty`, `.foreign`, `.encrypted`, `.garbage`, `.truncated`, `.corrupt`, `.too_old`, `.too_new`,
 * `.bad_version`, `.bad_row`, `.ambiguous`.
 */
export async function inspectSession(bytes: Uint8Array): Promise<SessionReport> {
  const file = await openTelethonFile(bytes)
  try {
    return report(file, bytes.length)
  } finally {
    file.db.close()
  }
}

/** What the replica must know of a session's bytes. Also throws `session.no_key` if nobody ever logged in with it. */
export async function verifySession(
  bytes: Uint8Array,
): Promise<{ keyFingerprint: string; userId: string | null; bytes: number }> {
  const found = await inspectSession(bytes)
  if (found.keyFingerprint === null)
    throw bad('no_key', 'the session file holds no auth key: nobody has logged in with it', 'Log in first.')
  return { keyFingerprint: found.keyFingerprint, userId: found.userId, bytes: found.bytes }
}

function report(file: TelethonFile, bytes: number): SessionReport {
  const row = readSessionRow(file)
  const self = file.db.get('select hash from entities where id = 0')?.['hash']
  const count = (table: string, where = ''): number =>
    file.columns.has(table) ? Number(file.db.get(`select count(*) as n from ${table} ${where}`)?.['n']) : 0
  return {
    format: 'telethon-sqlite',
    version: file.version,
    dcId: row.dcId,
    serverAddress: row.serverAddress ?? null,
    port: row.port,
    hasKey: row.authKey !== undefined,
    keyFingerprint: row.authKey === undefined ? null : keyFingerprint(row.authKey),
    userId: typeof self === 'bigint' ? String(self) : null,
    entities: count('entities', 'where id <> 0'),
    updateStates: count('update_state'),
    sentFiles: count('sent_files'),
    takeoutId: row.takeoutId === undefined ? null : String(row.takeoutId),
    otherKeys: count('tgsession_auth_keys'),
    bytes,
  }
}
