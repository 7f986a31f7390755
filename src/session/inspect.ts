import { createHash } from 'node:crypto'
import type { BadDataError } from '../base/errors.ts'
import { isTest } from './formats/checks.ts'
import { knownAddress } from './formats/data-centres.ts'
import { withFamily } from './formats/families.ts'
import type { FamilyName, Login } from './formats/family.ts'
import { plainTelethonTables } from './formats/telethon/file.ts'
import { telethonLogin } from './formats/telethon/family.ts'
import { type AnySession, type SessionFormat, withSession } from './read-session.ts'
import type { SqliteFile } from './sqlite/file.ts'

/** What a session holds, of whatever format, without a secret in it. */
export interface SessionReport {
  /** Whose session it is. */
  format: SessionFormat
  /** The schema's version (Telethon's 1 to 8, Pyrogram's kin 1 to 8); null where the format has none. */
  version: number | null
  /** 0 and null while no data centre was chosen. */
  dcId: number
  /** The IP address of its server. */
  serverAddress: string | null
  /** Of that server. */
  port: number
  /** Whether there is a key. Whether Telegram still takes it, only Telegram knows. */
  loggedIn: boolean
  /** auth_key_id as 16 hex digits; null without a key. */
  keyFingerprint: string | null
  /** Of a data export that is under way. */
  takeoutId: string | null
  /** The account's own id, if the session has it. */
  userId: string | null
  /** How many peers it knows, the account's own row not counted. */
  entities: number
  /** How many uploaded files it remembers. */
  sentFiles: number
  /** Of the account and of channels: how many. */
  updateStates: number
  /** How many keys of other data centres. */
  otherKeys: number
  /** Tables that an SQLite before 3.8.2 takes for corruption; `tgsession convert` makes a file without them. */
  withoutRowid: boolean
  /** Of the file or the string. */
  bytes: number
  /** What a person should know of it: rows that are left out, columns that its own client chokes on. */
  problems: string[]
}

/** The report on bytes that are no sound session: only why. */
export type UnsoundReport = { [Field in keyof SessionReport]: Field extends 'problems' ? string[] : null }

/** Whose login a session file is. */
export interface VerifiedSession {
  /** auth_key_id as 16 hex digits: the last 8 bytes of SHA-1 over the key. */
  keyFingerprint: string
  /** The account's id, decimal; null if the file does not say. */
  userId: string | null
  /** The size of the file. */
  bytes: number
  /** Whose file it is. */
  family: FamilyName
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
 * What some bytes are and whether they are whole: an SQLite file of Telethon, Pyrogram, pyrofork, Kurigram or mtcute, or a
 * session string of these or GramJS. The report holds no secret.
 *
 * @throws BadDataError for anything else: `session.empty`, `.foreign`, `.encrypted`, `.garbage`, `.truncated`, `.corrupt`,
 *   `.too_old`, `.too_new`, `.bad_version`, `.bad_row`, `.two_families`, `.no_dc`, `.bad_string`
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { BadDataError, inspectSession } from 'tgsession'
 *
 * try {
 *   const { format, dcId, userId, entities, problems } = await inspectSession(await readFile('anon.session'))
 *   console.log(`${format}, data centre ${dcId}, user ${userId}, ${entities} peers`, problems)
 * } catch (error) {
 *   if (!(error instanceof BadDataError)) throw error
 *   console.log(`no session: ${error.message} (${error.code})`)
 * }
 * ```
 */
export async function inspectSession(bytes: Uint8Array): Promise<SessionReport> {
  return await withSession(bytes, ({ opened, read }) => {
    const report = reportOf(read(), bytes.length)
    if (opened === undefined) return report
    const { family, file } = opened
    const misfits = family.misfits(file).filter((misfit) => !report.problems.includes(misfit))
    return {
      ...report,
      withoutRowid: hasWithoutRowid(file),
      problems: [...report.problems, ...(report.loggedIn ? misfits : [])],
    }
  })
}

/** What is in a session that was read already. `bytes` is its size. */
export function reportOf({ format, version, session }: AnySession, bytes: number): SessionReport {
  const { dcId, authKey, takeoutId, userId } = session
  // Pyrogram's older files do not hold the address; its clients know it by the data centre.
  const home =
    session.serverAddress === undefined && authKey ? knownAddress(dcId, isTest(session)) : undefined
  return {
    format,
    version: version ?? null,
    dcId,
    serverAddress: session.serverAddress ?? home?.serverAddress ?? null,
    port: home?.port ?? session.port,
    loggedIn: authKey !== undefined,
    keyFingerprint: authKey === undefined ? null : keyFingerprint(authKey),
    takeoutId: takeoutId === undefined ? null : String(takeoutId),
    userId: userId === undefined ? null : String(userId),
    entities: session.entities.length,
    sentFiles: session.sentFiles.length,
    updateStates: session.updateStates.size,
    otherKeys: session.otherKeys.size,
    withoutRowid: false,
    bytes,
    problems: [...session.notes],
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
 * Whose login some bytes are, which have to be a session file of any family.
 *
 * @throws BadDataError as `inspectSession`, and `session.no_key` if its client would not find itself logged in
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { verifySession } from 'tgsession'
 *
 * const { keyFingerprint, userId, family } = await verifySession(await readFile('anon.session'))
 * ```
 */
export async function verifySession(bytes: Uint8Array): Promise<VerifiedSession> {
  const plain = plainTelethonTables(bytes)
  if (plain !== undefined) return verified('telethon', telethonLogin(plain), bytes.length)
  return await withFamily(bytes, 'a session file', (family, file) =>
    verified(family.name, family.login(file), bytes.length),
  )
}

function verified(family: FamilyName, { authKey, userId }: Login, bytes: number): VerifiedSession {
  return {
    keyFingerprint: keyFingerprint(authKey),
    userId: userId === undefined ? null : String(userId),
    bytes,
    family,
  }
}

function hasWithoutRowid({ db }: SqliteFile): boolean {
  return db
    .all(`select sql from sqlite_master where type = 'table'`)
    .some(({ sql }) => /\bwithout\s+rowid\b/i.test(String(sql)))
}
