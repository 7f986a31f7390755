import { encodeSessionString } from './formats/session-string.ts'
import type { PortableSession, StringFormatName } from './formats/portable-session.ts'
import { asVersion } from './older-version.ts'
import { readAnySession, withSession } from './read-session.ts'
import { rewriteTelethonFile } from './rewrite-file.ts'
import { SessionCore } from './session-core.ts'
import { SqliteStorage } from './sqlite-storage.ts'
import { createTelethonFile } from './telethon-file.ts'

/** What the format asked for may need and the source not tell. What is given here wins over the source. */
export interface ConvertOptions {
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
 * (`session.needs_api_id`, `session.needs_user_id`).
 */
export async function convertToString(
  source: Uint8Array | PortableSession,
  format: StringFormatName,
  { apiId, userId, isBot }: ConvertOptions = {},
): Promise<string> {
  const session = source instanceof Uint8Array ? (await readAnySession(source)).session : source
  return encodeSessionString(format, {
    ...session,
    apiId: apiId ?? session.apiId,
    userId: userId ?? session.userId,
    isBot: isBot ?? session.isBot,
  })
}

/**
 * Any session as a Telethon file. A Telethon file keeps its version and its rows, and loses what an SQLite before 3.8.2
 * cannot read; any other becomes a new file with the peers and update states that the source holds. Throws as `readAnySession` and `asVersion`.
 */
export async function convertToFile(
  source: Uint8Array | PortableSession,
  options: ConvertOptions = {},
): Promise<Uint8Array> {
  const made = await converted(source, options)
  return options.version === undefined ? made : await asVersion(made, options.version)
}

async function converted(source: Uint8Array | PortableSession, options: ConvertOptions): Promise<Uint8Array> {
  if (!(source instanceof Uint8Array)) return await newFile(source, options)
  return await withSession(source, async ({ session }, telethon) =>
    telethon === undefined
      ? await newFile(session, options)
      : await rewriteTelethonFile(telethon, options.userId),
  )
}

async function newFile(session: PortableSession, options: ConvertOptions): Promise<Uint8Array> {
  const storage = new SqliteStorage(await createTelethonFile())
  try {
    const core = new SessionCore()
    core.attach(storage)
    const { dcId, serverAddress, port, authKey, takeoutId } = session
    storage.setAuth({ dcId, serverAddress, port, authKey, takeoutId })
    for (const [dc, key] of session.otherKeys) storage.setOtherKey(dc, key)
    core.upsert(session.entities)
    storage.transaction(() => {
      for (const [id, state] of session.updateStates) storage.setUpdateState(id, state)
    })
    const userId = options.userId ?? session.userId
    if (userId !== undefined) core.userId = userId
    return await storage.export()
  } finally {
    storage.close()
  }
}
