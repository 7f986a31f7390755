import { addressOf } from './formats/checks.ts'
import { encodeSessionString } from './formats/strings/session-string.ts'
import type { PortableSession, ServerAddress, StringFormatName } from './formats/portable-session.ts'
import { asVersion } from './formats/telethon/older-version.ts'
import { readAnySession, withSession } from './read-session.ts'
import { rewriteTelethonFile } from './formats/telethon/rewrite-file.ts'
import { SessionCore } from './core/session-core.ts'
import { SqliteStorage } from './formats/telethon/storage.ts'
import { createTelethonFile } from './formats/telethon/file.ts'

/** What the format asked for may need and the source not tell. What is given here wins over the source. */
export interface ConvertOptions {
  /** Where the session's data centre answers; Pyrogram's sessions do not hold it. */
  server?: ServerAddress | undefined
  /** Telegram's api_id of the application; Pyrogram's strings hold it. */
  apiId?: number | undefined
  /** The account's own id; Pyrogram's strings need it, mtcute's may hold it. */
  userId?: bigint | undefined
  /** Whether the account is a bot; not, if neither says so. */
  isBot?: boolean | undefined
  /** Of the Telethon file that is made, for a Telethon that knows no newer one: 4 (before 1.6, of 2018) to 8. */
  version?: number | undefined
}

/**
 * Any session (see `readAnySession`), or one that was read, as a string of another library; a secret.
 * Throws as `readAnySession` and, where the format needs what neither the session nor `options` hold, `UsageError`
 * (`session.needs_api_id`, `session.needs_user_id`, `session.needs_server_address`).
 */
export async function convertToString(
  source: Uint8Array | PortableSession,
  format: StringFormatName,
  options: ConvertOptions = {},
): Promise<string> {
  const session = source instanceof Uint8Array ? (await readAnySession(source)).session : source
  return encodeSessionString(format, completed(session, options))
}

/**
 * Any session as a Telethon file. A Telethon file keeps its version and its rows, and loses what an SQLite before 3.8.2
 * cannot read; any other becomes a new file with the peers and update states that the source holds. Throws as
 * `readAnySession` and `asVersion`, and `UsageError` (`session.needs_server_address`).
 */
export async function convertToFile(
  source: Uint8Array | PortableSession,
  options: ConvertOptions = {},
): Promise<Uint8Array> {
  const made = await converted(source, options)
  return options.version === undefined ? made : await asVersion(made, options.version)
}

async function converted(source: Uint8Array | PortableSession, options: ConvertOptions): Promise<Uint8Array> {
  if (!(source instanceof Uint8Array)) return await newFile(completed(source, options))
  return await withSession(source, async ({ session }, telethon) =>
    telethon === undefined
      ? await newFile(completed(session, options))
      : await rewriteTelethonFile(telethon, options),
  )
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

async function newFile(session: PortableSession): Promise<Uint8Array> {
  const { dcId, authKey, takeoutId, userId } = session
  // A client takes a session without an address to a data centre of its own choice, which does not know the key.
  const { serverAddress, port } = authKey === undefined ? session : addressOf(session, () => true)
  const storage = new SqliteStorage(await createTelethonFile())
  try {
    const core = new SessionCore()
    core.attach(storage)
    storage.setAuth({ dcId, serverAddress, port, authKey, takeoutId })
    for (const [dc, key] of session.otherKeys) storage.setOtherKey(dc, key)
    core.upsert(session.entities)
    storage.transaction(() => {
      for (const [id, state] of session.updateStates) storage.setUpdateState(id, state)
    })
    if (userId !== undefined) core.userId = userId
    return await storage.export()
  } finally {
    storage.close()
  }
}
