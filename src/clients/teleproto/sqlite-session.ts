import { BaseSession, saved } from './base-session.ts'
import { listSessions } from '../../session/list-sessions.ts'
import { SessionFile, type SQLiteSessionOptions } from '../../session/formats/telethon/live-file.ts'

/**
 * A session for teleproto in Telethon's file format: what Telethon made it opens, and the other way round.
 * Nothing can be asked of it before `load()`, which `client.connect()` awaits. One program at a time may use a file.
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'teleproto'
 * import { clientOptions, connectClient, disconnectClient, SQLiteSession } from 'tgsession/teleproto'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const session = new SQLiteSession('anon') // anon.session in the working directory
 * const options = clientOptions(session)
 * const client = new TelegramClient(session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 * await connectClient(client)
 * await disconnectClient(client)
 * await session.close() // teleproto does not do it
 * ```
 */
export class SQLiteSession extends BaseSession {
  readonly #file: SessionFile

  /** Without a name the session lives in memory only. */
  constructor(name?: string, options?: SQLiteSessionOptions) {
    const file = new SessionFile(name, options)
    super(file.core)
    this.#file = file
  }

  /** A session in memory that starts with these bytes; `toBytes()` gives its state. Throws as `inspectSession` does. */
  static async fromBytes(bytes: Uint8Array, options?: SQLiteSessionOptions): Promise<SQLiteSession> {
    const session = new SQLiteSession(undefined, options)
    await session.#file.load(bytes)
    return session
  }

  /** The names of the `.session` files in a folder (default: the working directory). Throws as `readSessionFile` does. */
  static async listSessions(folder = '.'): Promise<string[]> {
    return await listSessions(folder)
  }

  /** The file's absolute path; undefined in memory. */
  get path(): string | undefined {
    return this.#file.path
  }

  /** Opens the file or makes it. Throws as `readSessionFile` and `inspectSession` do. */
  override load(): Promise<void> {
    return this.#file.load()
  }

  /** Throws `ConflictError` (`session.changed_on_disk`, `session.held_open`), and as `writeFileAtomic` does. */
  override save(): Promise<void> & void {
    return saved(this.#file.save())
  }

  /** Saves and frees the memory. Throws as `save()`, and stays open then. */
  override close(): Promise<void> {
    return this.#file.close()
  }

  /** Forgets the key (an `auth` change) and removes the file for good, after a logout. */
  override delete(): Promise<void> {
    return this.#file.delete()
  }

  /** A copy in memory, from now on apart from this one. Never connect with both: Telegram kills the key. */
  async clone(): Promise<SQLiteSession> {
    return await SQLiteSession.fromBytes(await this.toBytes(), { saveEntities: this.saveEntities })
  }

  /** The session as a Telethon file, as the client sees it (see `authKeyLost`); a secret. */
  toBytes(): Promise<Uint8Array> {
    return this.#file.toBytes()
  }
}
