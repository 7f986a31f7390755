import type { TelegramClient } from 'telegram'
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
 * Many sessions for GramJS in one SQL database, in the tables of telethon-session-sqlalchemy.
 *
 *     const container = new SqlSessionContainer(process.env.DATABASE_URL, { key: process.env.TGSESSION_KEY })
 *     const opened = await container.open('alice')        // waits for the lease
 *     const client = new TelegramClient(opened.session, apiId, apiHash, clientOptions(opened.session))
 *     opened.attach(client)
 *     await connectClient(client)
 *     …
 *     await opened.close()
 *     await container.close()
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
