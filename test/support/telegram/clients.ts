import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { TelegramClient } from 'telegram'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { callWithDeadline } from '../../../src/telegram/client/call.ts'
import type { ClientOptionOverrides } from '../../../src/clients/gramjs/client-options.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { makeKey } from '../dc/key-maker.ts'
import { RawClient } from '../dc/raw-client.ts'
import { until } from '../until.ts'
import { GRAMJS, libraryOf } from './libraries.ts'

export const API = { apiId: 1, apiHash: '0123456789abcdef0123456789abcdef' }
export const TOKEN = '42:bot-token-for-tests'

const leftOpen: (() => unknown)[] = []

/** Closes what a test that failed has left open, so that its file ends; for `afterEach`. */
export async function cleanUp(): Promise<void> {
  await Promise.all(leftOpen.splice(0).map((close) => close()))
}

export async function sessionFor(
  where: { host: string; port: number; dcId?: number },
  { SQLiteSession: Session } = GRAMJS,
): Promise<SQLiteSession> {
  const session = new Session()
  await session.load()
  session.setDC(where.dcId ?? 2, where.host, where.port)
  return session
}

export function clientFor(session: SQLiteSession, overrides: ClientOptionOverrides = {}): TelegramClient {
  const { TelegramClient: Client, clientOptions } = libraryOf(session)
  const options = clientOptions(session, { connectionRetries: 2, retryDelay: 20, ...overrides })
  const client = new Client(session, API.apiId, API.apiHash, options)
  leftOpen.push(() => disconnectClient(client))
  return client
}

/** A session whose key is authorised for the bot of `TOKEN`, with no connection left open. */
export async function authorisedSession(dc: FakeDc, library = GRAMJS): Promise<SQLiteSession> {
  library.addServerKey(dc.publicKeyPem)
  const session = await sessionFor(dc, library)
  session.setAuthKey(await newKey(dc))
  const client = clientFor(session)
  await connectClient(client)
  await callWithDeadline(
    client,
    new library.Api.auth.ImportBotAuthorization({ flags: 0, ...API, botAuthToken: TOKEN }),
  )
  await disconnectClient(client)
  await allClosed(dc)
  return session
}

/** Of an exchange that costs a tenth of the time that it takes the client libraries. */
async function newKey(dc: FakeDc): Promise<AuthKey> {
  const raw = await RawClient.connect(dc)
  const { answer, key } = await makeKey(raw, dc.publicKeyPem, {
    inner: (inner) => ({ ...inner, dc: dc.dcId }),
  })
  raw.close()
  await raw.closed
  if (answer?._ !== 'dh_gen_ok') throw new Error(`the data centre made no key: ${answer?._}`)
  // The libraries cannot use a key that begins with a zero.
  if (key[0] === 0) return await newKey(dc)
  const authKey = new AuthKey()
  await authKey.setKey(key)
  return authKey
}

/** Resolves once the server has seen every connection close. */
export async function allClosed(dc: FakeDc): Promise<void> {
  await until(() => dc.stats().keys.every(({ open }) => open === 0))
}

/** The timers and sockets for which this process would go on. */
export function heldBy(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(Timeout|Immediate|TCP)/.test(name))
}

/** A server that takes connections and says nothing. */
export async function silentServer(): Promise<{ port: number; open: Set<Socket> }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.resume().on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closeLater(server, open)
  return { port: portOf(server), open }
}

function closeLater(server: Server, open: Set<Socket>): void {
  leftOpen.push(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

export interface Proxy {
  port: number
  /** Connections taken so far. */
  readonly taken: number
  /** Bytes from clients so far. */
  readonly received: number
  open: Set<Socket>
  /** Who ended a connection first, of those that have ended. */
  readonly hungUp: ('client' | 'server')[]
  /** `mute` swallows what clients say; `refuse` hangs up on every new connection. */
  mode: 'pass' | 'mute' | 'refuse'
}

/** Something between client and server that a test can break. */
export async function proxyTo(dc: FakeDc): Promise<Proxy> {
  const open = new Set<Socket>()
  const hungUp: Proxy['hungUp'] = []
  let taken = 0
  let received = 0
  const server = createServer((socket) => {
    taken++
    if (proxy.mode === 'refuse') {
      socket.destroy()
      return
    }
    const onward = connect(dc.port, dc.host)
    for (const [who, one, other] of [
      ['client', socket, onward],
      ['server', onward, socket],
    ] as const) {
      open.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        if (open.has(other)) hungUp.push(who)
        open.delete(one)
        other.destroy()
      })
    }
    onward.on('data', (data) => socket.write(data))
    socket.on('data', (data) => {
      received += data.length
      if (proxy.mode === 'pass') onward.write(data)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closeLater(server, open)
  const proxy: Proxy = {
    port: portOf(server),
    open,
    hungUp,
    mode: 'pass',
    get taken() {
      return taken
    },
    get received() {
      return received
    },
  }
  return proxy
}
