import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Api } from 'telegram'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { callWithDeadline } from '../../../src/telegram/client/call.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { clientLibrary as gramJs } from '../../../src/clients/gramjs/library.ts'
import { hangUpWithin, keepAlive, timesFor } from '../../../src/telegram/client/keepalive.ts'
import { authorisedSession, cleanUp, clientFor, proxyTo, TOKEN } from '../../support/telegram/clients.ts'
import { until } from '../../support/until.ts'

const TIMES = { every: 20, answerWithin: 60_000, serverGivesUpAfter: 60_000, requestEvery: 60_000 }

describe('timesFor', () => {
  it('has Telegram hang up on a frozen client before another can take the lease over', () => {
    for (const ttlMs of [2000, 4000, 15_000, 45_000, 300_000]) {
      const { every, serverGivesUpAfter } = timesFor(ttlMs)
      assert.ok(serverGivesUpAfter < (ttlMs * 2) / 3, `${ttlMs}`)
      assert.ok(every < serverGivesUpAfter / 2, `${ttlMs}: two pings may be late`)
    }
    assert.equal(timesFor(300_000).serverGivesUpAfter, timesFor(45_000).serverGivesUpAfter)
  })
})

describe('keepAlive', () => {
  let dc: FakeDc
  before(async () => {
    dc = await FakeDc.start({ bots: [{ token: TOKEN }] })
  })
  afterEach(cleanUp)
  after(() => dc.close())

  it('pings, and ends with the client', async () => {
    const proxy = await proxyTo(dc)
    const session = await authorisedSession(dc)
    session.setDC(dc.dcId, '127.0.0.1', proxy.port)
    const client = clientFor(session)
    await connectClient(client)
    const handshake = proxy.received
    const ended = keepAlive(client, gramJs(), TIMES)
    await until(() => proxy.received > handshake + 500)
    assert.equal(proxy.taken, 1, 'answered pings must not reconnect')
    await disconnectClient(client)
    await ended
  })

  it('has told Telegram to hang up before anything else is sent', async () => {
    const proxy = await proxyTo(dc)
    const session = await authorisedSession(dc)
    session.setDC(dc.dcId, '127.0.0.1', proxy.port)
    const client = clientFor(session)
    hangUpWithin(client, 2000)
    await connectClient(client)
    assert.equal(proxy.open.size, 2)
    // Frozen in the very moment.
    proxy.mode = 'mute'
    await until(() => proxy.hungUp.length > 0)
    // Without that the client would notice after half a minute, and be the first.
    assert.deepEqual(proxy.hungUp, ['server'])
    await disconnectClient(client)
  })

  it('reconnects when pings are not answered', async () => {
    const proxy = await proxyTo(dc)
    const session = await authorisedSession(dc)
    session.setDC(dc.dcId, '127.0.0.1', proxy.port)
    const client = clientFor(session)
    await connectClient(client)
    void keepAlive(client, gramJs(), { ...TIMES, answerWithin: 100 })
    proxy.mode = 'mute'
    await until(() => proxy.taken > 1)
    proxy.mode = 'pass'
    await callWithDeadline(client, new Api.updates.GetState())
    await disconnectClient(client)
  })

  it('brings back a client that has used up its tries to reconnect', async () => {
    const proxy = await proxyTo(dc)
    const session = await authorisedSession(dc)
    session.setDC(dc.dcId, '127.0.0.1', proxy.port)
    const client = clientFor(session, { connectionRetries: 1 })
    await connectClient(client)
    void keepAlive(client, gramJs(), TIMES)
    await until(() => proxy.received > 500)
    proxy.mode = 'refuse'
    for (const socket of proxy.open) socket.destroy()
    await until(() => proxy.taken > 3)
    proxy.mode = 'pass'
    await callWithDeadline(client, new Api.updates.GetState())
    assert.equal(client.connected, true)
    await disconnectClient(client)
  })

  it('leaves a client alone that was told to disconnect', async () => {
    const proxy = await proxyTo(dc)
    const session = await authorisedSession(dc)
    session.setDC(dc.dcId, '127.0.0.1', proxy.port)
    const client = clientFor(session)
    await connectClient(client)
    void keepAlive(client, gramJs(), TIMES)
    await until(() => proxy.received > 500)
    await client.disconnect()
    await delay(10 * TIMES.every)
    assert.deepEqual([proxy.taken, client.connected], [1, false])
    await disconnectClient(client)
  })

  it('makes a request now and then, so that updates keep coming', async () => {
    let asked = 0
    const own = await FakeDc.start({
      bots: [{ token: TOKEN }],
      onEvent: ({ method }) => {
        if (method === 'updates.getState') asked++
      },
    })
    const client = clientFor(await authorisedSession(own))
    await connectClient(client)
    void keepAlive(client, gramJs(), { ...TIMES, requestEvery: 50 })
    await until(() => asked >= 2)
    await disconnectClient(client)
    await own.close()
  })
})
