import type { TelegramClient as GramClient } from 'telegram'
import type { TelegramClient } from 'teleproto'
import { UsageError } from '../../base/errors.ts'
import type { TrackedSession } from '../../telegram/updates/catch-up.ts'
import type { TrackUpdatesOptions } from '../../telegram/updates/track-options.ts'
import { UpdateTracker } from '../../telegram/updates/tracker.ts'
import { clientLibrary } from './library.ts'

/**
 * Follows Telegram's updates: every update reaches the client's event handlers once and in order, and the session
 * remembers how far they are. What is lost on the way is fetched; with `catchUp` also what happened before the start.
 *
 * After `stop()` each update is handed out exactly once, over all runs; after a kill those whose handlers had not
 * finished, or whose state had not been saved, are handed out again. The client has to be logged in. Call it once per
 * client. It takes the place of `client.updateManager`, which forgets its channels, and moves on before handlers are
 * done; so `client.updates.watch()` fails (`telegram.cannot_watch`).
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'teleproto'
 * import { NewMessage, type NewMessageEvent } from 'teleproto/events/index.js'
 * import { clientOptions, connectClient, disconnectClient, SQLiteSession, trackUpdates } from 'tgsession/teleproto'
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
  Object.assign(client.updateManager, {
    onUpdates: nothing,
    applyAffected: nothing,
    ensureState: nothingLater,
    catchUp: nothingLater,
    recoverIfStale: nothingLater,
    watchChannel: () => Promise.reject(cannotWatch()),
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see ClientLibrary
  const gramClient = client as unknown as GramClient
  return new UpdateTracker(clientLibrary(), gramClient, session, options)
}

const nothing = (): void => undefined
const nothingLater = (): Promise<void> => Promise.resolve()

function cannotWatch(): UsageError {
  return new UsageError('telegram.cannot_watch', 'A channel cannot be watched while updates are tracked.', {
    hint: 'Join the channel, or do without trackUpdates.',
  })
}
