import type { QueuedSession } from '../../container/queued-session.ts'
import { SessionContainer } from '../../container/session-container.ts'
import { SqlSession } from './sql-session.ts'

/**
 * Many sessions for GramJS in one SQL database, in the tables of telethon-session-sqlalchemy.
 *
 *     const container = new SqlSessionContainer(process.env.DATABASE_URL, { key: process.env.TGSESSION_KEY })
 *     const opened = await container.open('alice')        // waits for the lease
 *     const client = new TelegramClient(opened.session, apiId, apiHash, clientOptions(opened.session))
 *     opened.attach(() => disconnectClient(client))
 *     await client.connect()
 *     …
 *     await opened.close()
 *     await container.close()
 */
export class SqlSessionContainer extends SessionContainer<SqlSession> {
  protected override wrap(queued: QueuedSession): SqlSession {
    return new SqlSession(queued)
  }
}
