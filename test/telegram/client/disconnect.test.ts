import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { UnreachableError } from '../../../src/base/errors.ts'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { callWithDeadline } from '../../../src/telegram/client/call.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import {
  API,
  authorisedSession,
  cleanUp,
  clientFor,
  proxyTo,
  silentServer,
  sessionFor,
  TOKEN,
} from '../../support/telegram/clients.ts'
import { LIBRARIES } from '../../support/telegram/libraries.ts'
import { until } from '../../support/until.ts'
import { CLOSED_PORT } from '../../support/free-port.ts'

const CHILD = path.join(import.meta.dirname, '../../support/telegram/leave.ts')

for (const library of LIBRARIES)
  describe(`disconnectClient with ${library.name}`, () => {
    let dc: FakeDc
    /** Connections that the server sees open. */
    const open = new Set<number>()
    before(async () => {
      dc = await FakeDc.start({
        bots: [{ token: TOKEN }],
        onEvent: ({ type, connectionId }) => {
          if (type === 'connect') open.add(connectionId)
          if (type === 'disconnect') open.delete(connectionId)
        },
      })
    })
    afterEach(cleanUp)
    after(() => dc.close())

    // teleproto's other senders are for other and for media data centres, which fake-dc has not.
    const others = library.name === 'GramJS' ? ['media', 'unreachable'] : []
    for (const busyWith of ['nothing', 'a long stay', 'pings', ...others])
      it(`lets a process end by itself that was busy with ${busyWith}`, async () => {
        const session = Buffer.from(await (await authorisedSession(dc, library)).toBytes()).toString('base64')
        const pem = Buffer.from(dc.publicKeyPem).toString('base64')
        const connectedBefore = dc.stats().connections
        const child = spawn(process.execPath, [CHILD, session, pem, busyWith, library.name], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        const ended = once(child, 'exit')
        const [told] = await once(child.stdout, 'data')
        // The second that GramJS waits for before it tries to connect again, and then does not.
        assert.deepEqual(JSON.parse(told), busyWith === 'unreachable' ? ['Timeout'] : [])
        await until(() => open.size === 0)
        assert.deepEqual(await ended, [0, null])
        assert.equal(dc.stats().connections - connectedBefore, busyWith === 'media' ? 2 : 1)
      })

    it('gives the same end to every caller, and refuses to connect again', async () => {
      const client = clientFor(await authorisedSession(dc, library))
      await connectClient(client)
      assert.equal(disconnectClient(client), disconnectClient(client))
      await disconnectClient(client)
      await until(() => open.size === 0)
      await assert.rejects(
        client.connect(),
        (error) => error instanceof UnreachableError && error.code === 'telegram.closed',
      )
    })

    it('stops a reconnection that has already begun', async () => {
      const proxy = await proxyTo(dc)
      const session = await authorisedSession(dc, library)
      session.setDC(dc.dcId, '127.0.0.1', proxy.port)
      const client = clientFor(session)
      await connectClient(client)
      for (const socket of proxy.open) socket.destroy()
      // The client sees the end of the connection and sets out to reconnect; teleproto at once.
      await until(() => proxy.open.size === 0 || proxy.taken > 1)
      await delay(50)
      await disconnectClient(client)
      const { taken } = proxy
      await delay(1_300)
      assert.deepEqual([proxy.taken, proxy.open.size], [taken, 0])
    })

    it('closes a connection that is still being made', async () => {
      const silent = await silentServer()
      const client = clientFor(await sessionFor({ host: '127.0.0.1', port: silent.port }, library))
      client.connect().catch(() => undefined)
      await until(() => silent.open.size === 1)
      await disconnectClient(client)
      await until(() => silent.open.size === 0)
    })

    it('closes a client that never connected, or could not', async () => {
      const session = await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT }, library)
      await disconnectClient(clientFor(session))
      const client = clientFor(session)
      await client.connect().catch(() => undefined)
      await disconnectClient(client)
    })

    it('closes a client that was made without our options, too', async () => {
      const session = await authorisedSession(dc, library)
      const { connection, baseLogger } = library.clientOptions(session, { log: () => undefined })
      class Foreign extends connection! {}
      const client = new library.TelegramClient(session, API.apiId, API.apiHash, {
        connection: Foreign,
        baseLogger: baseLogger!,
      })
      await connectClient(client)
      await callWithDeadline(client, new library.Api.updates.GetState())
      if (others.length > 0) await client.getSender(session.dcId)
      await until(() => open.size === (others.length > 0 ? 2 : 1))
      await disconnectClient(client)
      await until(() => open.size === 0)
    })
  })
