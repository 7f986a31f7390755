/**
 * Answers `.ping` in Saved Messages, and sends nothing unasked. Start it under `tgsession run`, which gives it the
 * session as a file in TGSESSION_FILE and saves what it learns:
 *
 *     npx tgsession run -- node dist/examples/ping-bot.js
 */
import { TelegramClient } from 'telegram'
import { NewMessage, type NewMessageEvent } from 'telegram/events/index.js'
import { clientOptions, connectClient, disconnectClient, SQLiteSession } from 'tgsession/gramjs'

const { TGSESSION_FILE: file, TELEGRAM_API_ID: apiId, TELEGRAM_API_HASH: apiHash } = process.env
if (!file || !apiId || !apiHash) {
  console.error(
    'Start me with: tgsession run -- node dist/examples/ping-bot.js (TELEGRAM_API_ID and _HASH must be set)',
  )
  process.exit(78)
}

const session = new SQLiteSession(file)
const client = new TelegramClient(session, Number(apiId), apiHash, clientOptions(session))

async function pong({ message }: NewMessageEvent): Promise<void> {
  await client.sendMessage('me', { message: `pong (asked ${message.id})` })
}
client.addEventHandler(
  (event: NewMessageEvent) => void pong(event).catch(console.error),
  new NewMessage({ outgoing: true, pattern: /^\.ping$/ }),
)

async function stop(): Promise<void> {
  await disconnectClient(client)
  await session.close()
  process.exit(0)
}
// Hosts signal more than once: without a listener the second one would end the bot in the middle of it.
let stopping: Promise<void> | undefined
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void (stopping ??= stop()))

await connectClient(client)
console.log('ping-bot: connected')
