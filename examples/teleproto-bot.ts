/**
 * The ping bot with teleproto, the maintained fork of GramJS. Answers `.ping` in Saved Messages, and sends nothing
 * unasked. Start it under `tgsession run`, which gives it the session as a file in TGSESSION_FILE:
 *
 *     npx tgsession run -- node dist/examples/teleproto-bot.js
 */
import { TelegramClient } from 'teleproto'
import { NewMessage, type NewMessageEvent } from 'teleproto/events/index.js'
import { LogLevel, Logger } from 'teleproto/extensions/Logger.js'
import { SQLiteSession } from 'tgsession/teleproto'

const { TGSESSION_FILE: file, TELEGRAM_API_ID: apiId, TELEGRAM_API_HASH: apiHash } = process.env
if (!file || !apiId || !apiHash) {
  console.error(
    'Start me with: tgsession run -- node dist/examples/teleproto-bot.js (TELEGRAM_API_ID and _HASH must be set)',
  )
  process.exit(78)
}

const session = new SQLiteSession(file)
const client = new TelegramClient(session, Number(apiId), apiHash, {
  baseLogger: new Logger(LogLevel.ERROR),
})

async function pong({ message }: NewMessageEvent): Promise<void> {
  await client.sendMessage('me', { message: `pong (asked ${message.id})` })
}
client.addEventHandler(
  (event: NewMessageEvent) => void pong(event).catch(console.error),
  new NewMessage({ outgoing: true, pattern: /^\.ping$/ }),
)

async function stop(): Promise<void> {
  await client.destroy()
  await session.close()
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
process.once('SIGINT', () => void stop())

// Not client.start(): that would begin a new login wherever the key is refused.
await client.connect()
console.log('teleproto-bot: connected')
