import type { FamilyName } from './formats/family.ts'
import { familyNamed, withFamily } from './formats/families.ts'
import { encodeSessionString } from './formats/strings/session-string.ts'
import type { PortableSession, ServerAddress, StringFormatName } from './formats/portable-session.ts'
import { asTelethonFile, openTelethonFile, plainTelethonTables } from './formats/telethon/file.ts'
import { misfitsOf } from './formats/telethon/layout.ts'
import { rewriteTelethonFile } from './formats/telethon/rewrite-file.ts'
import { readAnySession, withSession } from './read-session.ts'

/** What the format asked for may need and the source not tell. What is given here wins over the source. */
export interface ConvertOptions {
  /** Where the session's data centre answers; the older of Pyrogram's sessions do not hold it. */
  server?: ServerAddress | undefined
  /** Telegram's api_id of the application; Pyrogram's strings hold it. */
  apiId?: number | undefined
  /** The account's own id; Pyrogram's sessions need it, mtcute's may hold it. */
  userId?: bigint | undefined
  /** Whether the account is a bot; not, if neither says so. */
  isBot?: boolean | undefined
  /** Which kind of file is made. Default: Telethon's. */
  family?: FamilyName | undefined
  /** Of the Telethon file that is made, for a Telethon that knows no newer one: 4 (before 1.6, of 2018) to 8. */
  version?: number | undefined
}

/**
 * Any session (a file's bytes, or those of a session string), or one that was read, as a string of another library; a
 * secret.
 *
 * @throws BadDataError as `inspectSession`, and `session.no_key`
 * @throws UsageError `session.needs_api_id`, `.needs_user_id`, `.needs_server_address` if the format needs what neither
 *   the session nor `options` hold
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { convertToString } from 'tgsession'
 *
 * const text = await convertToString(await readFile('anon.session'), 'pyrogram', { apiId: 12345 })
 * ```
 */
export async function convertToString(
  source: Uint8Array | PortableSession,
  format: StringFormatName,
  options: ConvertOptions = {},
): Promise<string> {
  return encodeSessionString(format, completed(await sessionOf(source), options))
}

/**
 * Any session as a file of `family`, with the peers and update states that the source holds. A Telethon file that stays
 * one keeps its version and all of its rows, and loses what an SQLite before 3.8.2 cannot read. A secret.
 *
 * @throws BadDataError as `inspectSession`
 * @throws UsageError `session.needs_user_id`, `.needs_server_address`, `.cannot_make_version`
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from 'node:fs/promises'
 * import { convertToFile } from 'tgsession'
 *
 * const file = await convertToFile(await readFile('anon.session'), { family: 'mtcute' })
 * await writeFile('mtcute.session', file, { mode: 0o600 })
 * ```
 */
export async function convertToFile(
  source: Uint8Array | PortableSession,
  options: ConvertOptions = {},
): Promise<Uint8Array> {
  const { family = 'telethon', version } = options
  if (family === 'telethon' && source instanceof Uint8Array) {
    const rewritten = await withSession(source, async ({ opened }) =>
      opened?.family.name === 'telethon'
        ? await rewriteTelethonFile(asTelethonFile(opened.file), options)
        : undefined,
    )
    if (rewritten !== undefined) return rewritten
  }
  const made = await familyNamed(family).write(completed(await sessionOf(source), options))
  return version === undefined ? made : await asVersion(made, version)
}

/**
 * A file as its own client opens it: the same bytes, unless something in it would be in that client's way. Throws as
 * `inspectSession` does.
 */
export async function fitForClient(bytes: Uint8Array): Promise<Uint8Array> {
  const plain = plainTelethonTables(bytes)
  if (plain !== undefined && misfitsOf(plain.version, plain.columns).length === 0) return bytes
  return await withFamily(bytes, 'a session file', async (family, file) =>
    family.misfits(file).length === 0 ? bytes : await family.mended(file),
  )
}

/** The bytes of a Telethon file, whatever the session is: unchanged if they are one. Throws as `convertToFile` does. */
export async function toTelethon(bytes: Uint8Array): Promise<Uint8Array> {
  if (plainTelethonTables(bytes) !== undefined) return bytes
  const isTelethon = await withSession(bytes, ({ format }) => format === 'telethon')
  return isTelethon ? bytes : await convertToFile(bytes)
}

async function sessionOf(source: Uint8Array | PortableSession): Promise<PortableSession> {
  return source instanceof Uint8Array ? (await readAnySession(source)).session : source
}

function completed(
  session: PortableSession,
  { server, apiId, userId, isBot }: ConvertOptions,
): PortableSession {
  return {
    ...session,
    ...server,
    apiId: apiId ?? session.apiId,
    userId: userId ?? session.userId,
    isBot: isBot ?? session.isBot,
  }
}

async function asVersion(bytes: Uint8Array, version: number): Promise<Uint8Array> {
  const file = await openTelethonFile(bytes)
  try {
    return await rewriteTelethonFile(file, { version })
  } finally {
    file.db.close()
  }
}
