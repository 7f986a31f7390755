import type { TelegramClient } from 'telegram'
import type { TrackedSession } from '../../telegram/updates/catch-up.ts'
import { clientLibrary } from './library.ts'
import type { TrackUpdatesOptions } from '../../telegram/updates/track-options.ts'
import { UpdateTracker } from '../../telegram/updates/tracker.ts'

/**
 * Follows Telegram's updates: every update reaches the client's event handlers once and in order, and the session
 * remembers how far they are. What is lost on the way is fetched; with `catchUp` also what happened before the start.
 *
 *     const updates = trackUpdates(client, session, { catchUp: true })   // before connecting
 *     await client.connect()
 *     client.addEventHandler(onMessage, new NewMessage({}))
 *     await updates.start()                                             // only now are the handlers called
 *     …
 *     await updates.stop()                                              // before disconnecting
 *
 * After `stop()` each update is handed out exactly once, over all runs; after a kill those whose handlers had not
 * finished, or whose state had not been saved, are handed out again. The client has to be logged in. Call it once per client.
 */
export function trackUpdates(
  client: TelegramClient,
  session: TrackedSession,
  options: TrackUpdatesOptions = {},
): UpdateTracker {
  return new UpdateTracker(clientLibrary(), client, session, options)
}
