import type { TelegramClient } from 'telegram'
import type { TrackedSession } from '../../telegram/updates/catch-up.ts'
import { clientLibrary } from './library.ts'
import type { TrackUpdatesOptions } from '../../telegram/updates/track-options.ts'
import { UpdateTracker } from '../../telegram/updates/tracker.ts'

/**
 * Follows Telegram's updates: every update reaches the client's event handlers once and in order, and the session
 * remembers how far they are. What is lost on the way is fetched; with `catchUp` also what happened before the start.
 *
 * After `stop()` each update is handed out exactly once, over all runs; after a kill those whose handlers had not
 * finished, or whose state had not been saved, are handed out again. The client has to be logged in. Call it once per client.
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'telegram'
 * import { NewMessage, type NewMessageEvent } from 'telegram/events/index.js'
 * import { clientOptions, connectClient, disconnectClient, SQLiteSession, trackUpdates } from 'tgsession/gramjs'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const session = new SQLiteSession('anon')
 * const options = clientOptions(session)
 * const client = new TelegramClient(session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 *
 * const updates = trackUpdates(client, session, { catchUp: true }) // before connecting
 * await connectClient(client)
 * client.addEventHandler((event: NewMessageEvent) => console.log(event.message.id), new NewMessage({}))
 * await updates.start() // only now are the handlers called, with what was missed first
 * // …
 * await updates.stop() // before disconnecting
 * await disconnectClient(client)
 * await session.close()
 * ```
 */
export function trackUpdates(
  client: TelegramClient,
  session: TrackedSession,
  options: TrackUpdatesOptions = {},
): UpdateTracker {
  return new UpdateTracker(clientLibrary(), client, session, options)
}
