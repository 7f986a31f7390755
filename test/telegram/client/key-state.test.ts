import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { RPCMessageToError } from 'telegram/errors/index.js'
import { Api } from 'telegram'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { asTelegramError, classify } from '../../../src/telegram/client/classify.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { askKeyState } from '../../../src/telegram/client/key-state.ts'
import type { KeyState } from '../../../src/telegram/client/key-state.ts'
import { TransportError } from '../../../src/telegram/client/line.ts'
import {
  allClosed,
  authorisedSession,
  cleanUp,
  clientFor,
  sessionFor,
  TOKEN,
} from '../../support/telegram/clients.ts'
import { CLOSED_PORT } from '../../support/free-port.ts'

/** As GramJS makes it from Telegram's answer. */
function rpc(errorCode: number, errorMessage: string): unknown {
  return RPCMessageToError(new Api.RpcError({ errorCode, errorMessage }), new Api.updates.GetState())
}

describe('classify', () => {
  const cases: [unknown, string, string][] = [
    [rpc(401, 'AUTH_KEY_UNREGISTERED'), 'revoked', 'telegram.key_revoked'],
    [rpc(401, 'SESSION_REVOKED'), 'revoked', 'telegram.key_revoked'],
    [rpc(401, 'SESSION_EXPIRED'), 'revoked', 'telegram.key_revoked'],
    [rpc(401, 'USER_DEACTIVATED'), 'revoked', 'telegram.key_revoked'],
    [rpc(401, 'USER_DEACTIVATED_BAN'), 'revoked', 'telegram.key_revoked'],
    [new TransportError(-404), 'revoked', 'telegram.key_revoked'],
    [rpc(406, 'AUTH_KEY_DUPLICATED'), 'duplicated', 'telegram.key_duplicated'],
    [rpc(420, 'FLOOD_WAIT_31'), 'flood', 'telegram.flood_wait'],
    [rpc(500, 'INTERDC_2_CALL_ERROR'), 'network', 'telegram.unreachable'],
    [rpc(-503, 'Timeout'), 'network', 'telegram.unreachable'],
    [new TransportError(-429), 'flood', 'telegram.flood_wait'],
    [new TransportError(-444), 'network', 'telegram.unreachable'],
    [rpc(420, 'FROZEN_METHOD_INVALID'), 'frozen', 'telegram.frozen'],
    [rpc(400, 'FROZEN_PARTICIPANT_MISSING'), 'frozen', 'telegram.frozen'],
    [
      Object.assign(new Error('x'), { code: 'ECONNRESET', syscall: 'read' }),
      'network',
      'telegram.unreachable',
    ],
    [new Error('Not connected'), 'network', 'telegram.unreachable'],
    [rpc(401, 'SESSION_PASSWORD_NEEDED'), 'other', 'telegram.refused'],
    [rpc(401, 'AUTH_KEY_PERM_EMPTY'), 'other', 'telegram.refused'],
    [rpc(406, 'UPDATE_APP_TO_LOGIN'), 'other', 'telegram.refused'],
    [rpc(400, 'CHAT_ID_INVALID'), 'other', 'telegram.refused'],
    [new TypeError('a bug'), 'other', 'telegram.refused'],
    [undefined, 'other', 'telegram.refused'],
  ]
  for (const [error, kind, code] of cases) {
    const verdict = classify(error)
    it(`takes ${verdict.reason} for ${kind}`, () => {
      assert.equal(verdict.kind, kind)
      assert.equal(asTelegramError(error).code, code)
    })
  }

  it('knows for how long', () => {
    assert.deepEqual(classify(rpc(420, 'FLOOD_WAIT_31')), {
      kind: 'flood',
      seconds: 31,
      reason: 'FLOOD_WAIT_31',
    })
    assert.match(asTelegramError(rpc(420, 'FLOOD_WAIT_31')).message, /31 seconds/)
  })
})

describe('askKeyState', () => {
  let dc: FakeDc
  before(async () => {
    dc = await FakeDc.start({ bots: [{ token: TOKEN }] })
  })
  afterEach(cleanUp)
  after(() => dc.close())

  async function ask(session: SQLiteSession): Promise<KeyState> {
    const client = clientFor(session, { floodSleepThreshold: 0 })
    try {
      return await askKeyState(client, { timeoutMs: 120_000 })
    } finally {
      await disconnectClient(client)
      await allClosed(dc)
    }
  }
  const keyIdOf = (): string => dc.stats().keys.at(-1)?.keyId ?? ''

  it('says that a good key is alive', async () => {
    assert.deepEqual(await ask(await authorisedSession(dc)), { state: 'alive' })
  })

  it('says why a key is dead', async () => {
    const revoked = await authorisedSession(dc)
    dc.revoke(keyIdOf())
    assert.deepEqual(await ask(revoked), { state: 'dead', why: 'revoked', reason: 'SESSION_REVOKED' })
    const forgotten = await authorisedSession(dc)
    dc.forgetKey(keyIdOf())
    assert.deepEqual(await ask(forgotten), { state: 'dead', why: 'revoked', reason: '-404' })
  })

  it('says that a key which two clients used at once is dead', async () => {
    const session = await authorisedSession(dc)
    const first = clientFor(session)
    await connectClient(first)
    const copy = await SQLiteSession.fromBytes(await session.toBytes())
    const second = clientFor(copy)
    await connectClient(second).catch(() => undefined)
    assert.equal(dc.stats().duplicates, 1)
    await Promise.all([disconnectClient(first), disconnectClient(second)])
    const state = await ask(session)
    assert.deepEqual(state, { state: 'dead', why: 'duplicated', reason: 'AUTH_KEY_DUPLICATED' })
  })

  it('never takes a flood wait, trouble at Telegram or no network for a dead key', async () => {
    const session = await authorisedSession(dc)
    dc.fail('updates.getState', { code: 420, message: 'FLOOD_WAIT_30' })
    assert.deepEqual(await ask(session), { state: 'wait', seconds: 30, reason: 'FLOOD_WAIT_30' })
    dc.fail('updates.getState', { code: 400, message: 'SOMETHING_NEW' })
    assert.deepEqual(await ask(session), { state: 'unknown', why: 'other', reason: 'SOMETHING_NEW' })
    const nowhere = await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT })
    assert.deepEqual(await ask(nowhere), {
      state: 'unknown',
      why: 'network',
      reason: 'telegram.unreachable',
    })
    assert.deepEqual(await ask(session), { state: 'alive' })
  })
})
