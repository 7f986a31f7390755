import type { TelegramClient } from 'telegram'
import type { Environment } from '../../config/settings.ts'
import type { Replica } from '../../replica/replica.ts'
import { SQLiteSession } from '../../clients/gramjs/sqlite-session.ts'
import { trackUpdates } from '../../clients/gramjs/track-updates.ts'
import type { OpenedSession } from '../../clients/opened-session.ts'
import { type OpeningLibrary, openSessionOf, type OpenSessionOptions } from './open-under-lease.ts'

export type OpenSession = OpenedSession<SQLiteSession, TelegramClient>

const gramJs: OpeningLibrary<SQLiteSession, TelegramClient> = {
  fromBytes: (bytes) => SQLiteSession.fromBytes(bytes),
  trackUpdates,
}

/**
 * The stored session for a program of one's own, under the lease:
 *
 *     const opened = await openSession(process.env)
 *     const client = new TelegramClient(opened.session, apiId, apiHash, clientOptions(opened.session))
 *     opened.attach(client)
 *     await connectClient(client)
 *
 * Waits while another instance holds the lease. Throws NoSessionError where there is none, and what reading the
 * settings and the store throws. It never logs in.
 */
export async function openSession(
  source: Environment | Replica,
  options: OpenSessionOptions = {},
): Promise<OpenSession> {
  return await openSessionOf(gramJs, source, options)
}
