import type { TelegramClient } from 'teleproto'
import type { Environment } from '../../config/settings.ts'
import type { Replica } from '../../replica/replica.ts'
import { clientLibrary } from '../../clients/teleproto/library.ts'
import { SQLiteSession } from '../../clients/teleproto/sqlite-session.ts'
import { trackUpdates } from '../../clients/teleproto/track-updates.ts'
import type { OpenedSession } from '../../clients/opened-session.ts'
import { type OpeningLibrary, openSessionOf, type OpenSessionOptions } from './open-under-lease.ts'

/** What `openSession` returns. */
export type OpenSession = OpenedSession<SQLiteSession, TelegramClient>

const teleproto: OpeningLibrary<SQLiteSession, TelegramClient> = {
  fromBytes: (bytes) => SQLiteSession.fromBytes(bytes),
  clientLibrary,
  trackUpdates,
}

/**
 * The stored session for a program of your own, under the lease: it waits while another instance holds that. It never
 * logs in. SIGTERM and SIGINT close the session, unless `closeOnSignals` is false.
 *
 * @throws NoSessionError `session.none`, `session.dead` if there is none to use
 * @throws LeaseError `session.stopped` if a signal comes meanwhile
 * @throws what `readSettings`, `openReplica` and `Replica.restore` throw; `options.signal`'s reason
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'teleproto'
 * import { clientOptions, connectClient, openSession } from 'tgsession/teleproto'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const opened = await openSession(process.env)
 * const options = clientOptions(opened.session)
 * const client = new TelegramClient(opened.session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 * opened.attach(client)
 * await connectClient(client)
 * console.log(String((await client.getMe()).id))
 * await opened.close() // disconnects, saves, releases the lease
 * ```
 */
export async function openSession(
  source: Environment | Replica,
  options: OpenSessionOptions = {},
): Promise<OpenSession> {
  return await openSessionOf(teleproto, source, options)
}
