/**
 * Child of disconnect.test.ts: connects, opens what a busy bot has open, disconnects, tells what holds it, and must end by
 * itself.
 * Arguments: session file as base64, public key as base64, what to have open, the library.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { callWithDeadline } from '../../../src/telegram/client/call.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { clientLibrary as gramJs } from '../../../src/clients/gramjs/library.ts'
import { clientLibrary as teleproto } from '../../../src/clients/teleproto/library.ts'
import { keepAlive } from '../../../src/telegram/client/keepalive.ts'
import { clientFor, heldBy } from './clients.ts'
import { GRAMJS, TELEPROTO } from './libraries.ts'
import { CLOSED_PORT } from '../free-port.ts'

/** The clients' own ping loop begins by sleeping nine seconds; here it takes no time to come to its first ping. */
function hurryGramJs(): void {
  const real = globalThis.setTimeout
  const hurried = (run: () => void, ms?: number): NodeJS.Timeout => real(run, ms === 9_000 ? 20 : ms)
  Object.assign(globalThis, { setTimeout: hurried })
}

const [session64 = '', pem64 = '', busyWith = '', name = ''] = process.argv.slice(2)
const library = name === 'teleproto' ? TELEPROTO : GRAMJS
if (busyWith === 'a long stay') hurryGramJs()
const decode = (text: string): Buffer => Buffer.from(text, 'base64')
library.addServerKey(decode(pem64).toString())
const session = await library.SQLiteSession.fromBytes(decode(session64))
const client = clientFor(session, { retryDelay: 1000 })
await connectClient(client)
await callWithDeadline(client, new library.Api.updates.GetState())

if (busyWith === 'a long stay') await delay(200)
if (busyWith === 'pings') {
  void keepAlive(client, name === 'teleproto' ? teleproto() : gramJs(), {
    every: 10,
    answerWithin: 60_000,
    serverGivesUpAfter: 60_000,
    requestEvery: 60_000,
  })
  await delay(200)
}
// A sender of its own for media: GramJS releases it by a timer of 30 s, which `disconnect()` forgets.
if (busyWith === 'media') await client.getSender(session.dcId)
// Another data centre that cannot be reached: GramJS tries for ever.
if (busyWith === 'unreachable') {
  client.getDC = () => Promise.resolve({ id: 5, ipAddress: '127.0.0.1', port: CLOSED_PORT })
  void client.getSender(5)
  await delay(100)
}

await disconnectClient(client)
process.stdout.write(`${JSON.stringify(heldBy())}\n`)
