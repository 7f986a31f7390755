import type { TelegramClient } from 'teleproto'
import type { Environment } from '../../config/settings.ts'
import type { Replica } from '../../replica/replica.ts'
import { SQLiteSession } from '../../clients/teleproto/sqlite-session.ts'
import { trackUpdates } from '../../clients/teleproto/track-updates.ts'
import type { OpenedSession } from '../../clients/opened-session.ts'
import { type OpeningLibrary, openSessionOf, type OpenSessionOptions } from './open-under-lease.ts'

export type OpenSession = OpenedSession<SQLiteSession, TelegramClient>

const teleproto: OpeningLibrary<SQLiteSession, TelegramClient> = {
  fromBytes: (bytes) => SQLiteSession.fromBytes(bytes),
  trackUpdates,
}

/** As `openSession` of `tgsession`, for a program that uses teleproto. */
export async function openSession(
  source: Environment | Replica,
  options: OpenSessionOptions = {},
): Promise<OpenSession> {
  return await openSessionOf(teleproto, source, options)
}
