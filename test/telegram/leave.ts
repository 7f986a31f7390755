/**
 * Child of disconnect.test.ts: connects, opens what a busy bot has open, disconnects, and must end by itself.
 * Arguments: session file as base64, public key as base64, what to have open.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Api } from 'telegram'
import { SQLiteSession } from '../../src/session/sqlite-session.ts'
import { callWithDeadline } from '../../src/telegram/call.ts'
import { connectClient } from '../../src/telegram/connect.ts'
import { disconnectClient } from '../../src/telegram/disconnect.ts'
import { keepAlive } from '../../src/telegram/keepalive.ts'
import { addServerKey } from '../../src/telegram/server-key.ts'
import { clientFor, closedPort } from './clients.ts'

/** GramJS's ping loop begins by sleeping nine seconds; here it takes no time to come to its first ping. */
function hurryGramJs(): void {
  const real = globalThis.setTimeout
  const hurried = (run: () => void, ms?: number): NodeJS.Timeout => real(run, ms === 9_000 ? 20 : ms)
  Object.assign(globalThis, { setTimeout: hurried })
}

const [session64 = '', pem64 = '', busyWith = ''] = process.argv.slice(2)
if (busyWith === 'a long stay') hurryGramJs()
const decode = (text: string): Buffer => Buffer.from(text, 'base64')
addServerKey(decode(pem64).toString())
const session = await SQLiteSession.fromBytes(decode(session64))
const client = clientFor(session, { retryDelay: 1000 })
await connectClient(client)
await callWithDeadline(client, new Api.updates.GetState())

if (busyWith === 'a long stay') await delay(200)
if (busyWith === 'pings') {
  void keepAlive(client, {
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
  const port = await closedPort()
  client.getDC = () => Promise.resolve({ id: 5, ipAddress: '127.0.0.1', port })
  void client.getSender(5)
  await delay(100)
}

await disconnectClient(client)
process.stdout.write('disconnected\n')
