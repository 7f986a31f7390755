// A bot as people have it before they move over: it reads its session from SESSION_STRING, and knows of no lease. (In
// GramJS's own StringSession half of all ports are negative numbers.)
import { TelegramClient } from 'telegram'
import { clientOptions } from '../../src/clients/gramjs/client-options.ts'
import { SQLiteSession } from '../../src/clients/gramjs/sqlite-session.ts'
import { convertToFile } from '../../src/session/convert.ts'

const { SESSION_STRING: text = '', TELEGRAM_API_ID: apiId, TELEGRAM_API_HASH: apiHash = '' } = process.env
const session = await SQLiteSession.fromBytes(await convertToFile(Buffer.from(text)))
const client = new TelegramClient(session, Number(apiId), apiHash, clientOptions(session))
process.on('SIGTERM', () => void client.destroy().then(() => process.exit(0)))
await client.connect()
await client.getMe()
process.stdout.write('old-bot: connected\n')
