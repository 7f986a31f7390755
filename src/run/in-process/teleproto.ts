import type { TelegramClient } from 'teleproto'
import type { Environment } from '../../config/settings.ts'
import type { Replica } from '../../replica/replica.ts'
import { SQLiteSession } from '../../clients/teleproto/sqlite-session.ts'
import { trackUpdates } from '../../clients/teleproto/track-updates.ts'
import { openSessionOf } from './open-under-lease.ts'
import type { OpenedSession, OpenSessionOptions, SessionLibrary } from '../opened-session.ts'

export type OpenSession = OpenedSession<SQLiteSession, TelegramClient>

const teleproto: SessionLibrary<SQLiteSession, TelegramClient> = {
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
