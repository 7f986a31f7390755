import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { callWithDeadline } from '../../../src/telegram/client/call.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import {
  allClosed,
  authorisedSession,
  cleanUp,
  clientFor,
  sessionFor,
  silentServer,
  TOKEN,
} from '../../support/telegram/clients.ts'
import { GRAMJS, LIBRARIES } from '../../support/telegram/libraries.ts'
import { until } from '../../support/until.ts'
import { CLOSED_PORT } from '../../support/free-port.ts'

const code = (expected: string) => (error: unknown) =>
  error instanceof UnreachableError || error instanceof RefusedError ? error.code === expected : false

for (const library of LIBRARIES)
  describe(`connectClient with ${library.name}`, () => {
    let dc: FakeDc
    before(async () => {
      dc = await FakeDc.start({ bots: [{ token: TOKEN }] })
    })
    afterEach(cleanUp)
    after(() => dc.close())

    it('connects on the port that the session names, and calls are answered', async () => {
      const client = clientFor(await authorisedSession(dc, library))
      await connectClient(client)
      const state = await callWithDeadline(client, new library.Api.updates.GetState())
      assert.equal(state.className, 'updates.State')
      await disconnectClient(client)
      await allClosed(dc)
    })

    it('names where nobody listens, with the reason', async () => {
      const client = clientFor(await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT }, library))
      await assert.rejects(connectClient(client), (error) => {
        assert.ok(error instanceof UnreachableError)
        assert.equal(error.code, 'telegram.unreachable')
        assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${CLOSED_PORT}.*ECONNREFUSED`))
        return true
      })
    })

    it('gives up on a server that says nothing, and leaves no socket behind', async () => {
      const silent = await silentServer()
      const client = clientFor(await sessionFor({ host: '127.0.0.1', port: silent.port }, library))
      const failed = assert.rejects(connectClient(client, { timeoutMs: 200 }), code('telegram.unreachable'))
      await until(() => silent.open.size === 1)
      await failed
      await until(() => silent.open.size === 0)
    })

    it('stops when the signal fires', async () => {
      const silent = await silentServer()
      const client = clientFor(await sessionFor({ host: '127.0.0.1', port: silent.port }, library))
      const stop = new AbortController()
      const failed = assert.rejects(connectClient(client, { signal: stop.signal }), /enough/)
      await until(() => silent.open.size === 1)
      stop.abort(new Error('enough'))
      await failed
      await until(() => silent.open.size === 0)
    })

    it('does not trust a server whose key it does not know', async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const other = await FakeDc.start({ privateKey })
      const client = clientFor(await sessionFor(other, library))
      await assert.rejects(connectClient(client), code('telegram.untrusted'))
      await other.close()
    })

    it('finds out at once that the server has forgotten the key', async () => {
      const session = await authorisedSession(dc, library)
      const keyId = dc.stats().keys.at(-1)?.keyId ?? ''
      dc.forgetKey(keyId)
      const client = clientFor(session)
      // Whoever waited for that deadline would not be done today.
      const timeoutMs = 24 * 60 * 60_000
      await assert.rejects(connectClient(client, { timeoutMs }), code('telegram.key_revoked'))
      await allClosed(dc)
      // teleproto wipes it in memory; the file keeps it then.
      assert.ok(session.authKeyBytes?.length === 256 || session.authKeyLost, 'the key must not be wiped')
    })

    it('passes on what Telegram answers to the first request', async () => {
      const session = await authorisedSession(dc, library)
      dc.fail('help.getConfig', { code: 406, message: 'AUTH_KEY_DUPLICATED' })
      await assert.rejects(connectClient(clientFor(session)), code('telegram.key_duplicated'))
      dc.fail('help.getConfig', { code: 420, message: 'FLOOD_WAIT_7' })
      await assert.rejects(connectClient(clientFor(session)), code('telegram.flood_wait'))
      await allClosed(dc)
    })
  })

describe('callWithDeadline', () => {
  afterEach(cleanUp)

  it('ends a call that would wait for ever', async () => {
    const client = clientFor(await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT }))
    assert.equal(await client.connect(), false)
    await assert.rejects(
      callWithDeadline(client, new GRAMJS.Api.updates.GetState(), { timeoutMs: 100 }),
      code('telegram.no_answer'),
    )
    await disconnectClient(client)
  })
})
