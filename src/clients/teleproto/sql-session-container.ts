import type { TelegramClient } from 'teleproto'
import { reportTrouble } from '../../base/life/report.ts'
import type { OpenOptions } from '../../container/container-options.ts'
import type { HeldSession } from '../../container/held-session.ts'
import type { QueuedSession } from '../../container/queued-session.ts'
import { SessionContainer } from '../../container/session-container.ts'
import { heldInContainer } from '../container-port.ts'
import { OpenedSession, type SessionLibrary } from '../opened-session.ts'
import { SqlSession } from './sql-session.ts'
import { trackUpdates } from './track-updates.ts'

/**
 * Many sessions for teleproto in one SQL database, in the tables of telethon-session-sqlalchemy.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { TelegramClient } from 'teleproto'
 * import { clientOptions, connectClient, SqlSessionContainer } from 'tgsession/teleproto'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const container = new SqlSessionContainer('sqlite:sessions.db', { key: process.env.TGSESSION_KEY })
 * await container.copySession(await readFile('anon.session'), 'alice')
 *
 * const opened = await container.open('alice') // waits while another instance uses it
 * const options = clientOptions(opened.session)
 * const client = new TelegramClient(opened.session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 * opened.attach(client)
 * await connectClient(client)
 * // …
 * await opened.close()
 * await container.close()
 * ```
 */
export class SqlSessionContainer extends SessionContainer<
  SqlSession,
  OpenedSession<SqlSession, TelegramClient>
> {
  override open(id: string, options: OpenOptions = {}): Promise<OpenedSession<SqlSession, TelegramClient>> {
    const { report = reportTrouble } = options
    const onWaiting: OpenOptions['onWaiting'] = ({ label, since }) =>
      report('lease.waiting', { holder: label, since })
    return super.open(id, { onWaiting, ...options })
  }

  /** @internal */
  protected override wrap(queued: QueuedSession): SqlSession {
    return new SqlSession(queued)
  }

  /** @internal */
  protected override opened(
    held: HeldSession,
    options: OpenOptions,
  ): OpenedSession<SqlSession, TelegramClient> {
    const library: SessionLibrary<SqlSession, TelegramClient> = { trackUpdates }
    return new OpenedSession(library, heldInContainer(held, this.wrap(held.session)), options)
  }
}
