// Opens the session in process and asks Telegram something every few milliseconds, whatever happens. Says so on stdout.
import { TelegramClient } from 'telegram'
import { openSession } from '../../../src/run/in-process/gramjs.ts'
import { clientOptions } from '../../../src/clients/gramjs/client-options.ts'
import { hangUpWithin } from '../../../src/telegram/client/keepalive.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'

const opened = await openSession(process.env)
const client = new TelegramClient(opened.session, 12345, 'hash', clientOptions(opened.session))
opened.attach(client)
// As with a client whose connection outlasts its lease.
if (process.env['LONG_LINE']) hangUpWithin(client, 45_000)
await connectClient(client)
await client.getMe()
process.stdout.write('connected\n')
setInterval(() => void client.getMe().catch(() => undefined), 2)
