/**
 * Child of catch-up-processes.test.ts: a bot that tells each message it gets, one a line. "hang" keeps its handler
 * busy for ever. Ends cleanly when its standard input does; with "leave" without stopping the tracker before, and
 * then tells what holds it.
 * Arguments: session file, public key as base64, how to end, and the library.
 */
import { setInterval } from 'node:timers'
import type { NewMessageEvent } from 'telegram/events/index.js'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { clientFor, heldBy } from './clients.ts'
import { GRAMJS, TELEPROTO } from './libraries.ts'

const [file = '', pem64 = '', ending = '', name = ''] = process.argv.slice(2)
const { addServerKey, NewMessage, SQLiteSession, trackUpdates } = name === 'teleproto' ? TELEPROTO : GRAMJS
addServerKey(Buffer.from(pem64, 'base64').toString())
const session = new SQLiteSession(file)
const client = clientFor(session)
const updates = trackUpdates(client, session, { catchUp: true })
await connectClient(client)
// oxlint-disable-next-line typescript/no-misused-promises -- GramJS awaits what its handlers return
client.addEventHandler(async (event: NewMessageEvent) => {
  process.stdout.write(`${event.message.message}\n`)
  if (event.message.message === 'hang') await new Promise(() => undefined)
}, new NewMessage({}))
const saving = setInterval(() => void session.save(), 20)
await updates.start()
process.stdout.write('started\n')
for await (const _ of process.stdin);
clearInterval(saving)
if (ending !== 'leave') await updates.stop({ timeoutMs: 100 })
await disconnectClient(client)
await session.close()
if (ending === 'leave') process.stdout.write(`held by ${heldBy().join() || 'nothing'}\n`)
