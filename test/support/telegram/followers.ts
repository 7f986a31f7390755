import type { TelegramClient } from 'telegram'
import type { NewMessageEvent } from 'telegram/events/index.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import type { MissedUpdates } from '../../../src/telegram/updates/catch-up.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import type { TrackUpdatesOptions } from '../../../src/telegram/updates/track-options.ts'
import type { UpdateTracker } from '../../../src/telegram/updates/tracker.ts'
import { allClosed, clientFor } from './clients.ts'
import { libraryOf } from './libraries.ts'

/** The bot of `TOKEN`. */
export const BOT = 42n
export const CHANNEL = { channelId: 777_000_111n, title: 'News' }

export interface Run {
  client: TelegramClient
  tracker: UpdateTracker
  /** The texts that the handler got, in order. */
  seen: string[]
  missed: MissedUpdates[]
  errors: Error[]
  /** Ends as a program does that is told to. */
  stop(): Promise<void>
}

/** A run of a bot up to the moment before its handlers are called. */
export async function begin(
  session: SQLiteSession,
  options: TrackUpdatesOptions = {},
  onMessage: (event: NewMessageEvent) => unknown = () => undefined,
): Promise<Run> {
  const client = clientFor(session)
  const { NewMessage, trackUpdates } = libraryOf(session)
  const seen: string[] = []
  const missed: MissedUpdates[] = []
  const errors: Error[] = []
  const tracker = trackUpdates(client, session, {
    catchUp: true,
    onMissed: (each) => missed.push(each),
    onError: (error) => errors.push(error),
    gapMs: 20,
    ...options,
  })
  await connectClient(client)
  // oxlint-disable-next-line typescript/no-misused-promises -- GramJS awaits what its handlers return
  client.addEventHandler(async (event: NewMessageEvent) => {
    seen.push(event.message.message)
    await onMessage(event)
  }, new NewMessage({}))
  const stop = async (): Promise<void> => {
    await tracker.stop()
    await disconnectClient(client)
  }
  return { client, tracker, seen, missed, errors, stop }
}

export async function start(...args: Parameters<typeof begin>): Promise<Run & { fetched: number }> {
  const run = await begin(...args)
  return { ...run, fetched: await run.tracker.start() }
}

/** A run that begins and ends cleanly while nothing happens: from here on the session knows where it is. */
export async function visit(
  dc: FakeDc,
  session: SQLiteSession,
  options: TrackUpdatesOptions = {},
): Promise<void> {
  const run = await start(session, options)
  await run.stop()
  await allClosed(dc)
}
