import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { TelegramClient } from 'teleproto'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Events } from '../support/dc/events.ts'
import {
  API_HASH,
  API_ID,
  StringSession as GramJsString,
  gramjs,
  Api as GramJsApi,
} from '../support/dc/gramjs.ts'
import { Api, StringSession, teleproto } from '../support/dc/teleproto.ts'
import { used } from '../support/dc/keys.ts'

const ANN = { phone: '15550001', code: '12345', password: 'hunter2', userId: 71n, firstName: 'Ann' }
const BOT = { token: '4242:secret', firstName: 'Botty' }

describe('teleproto', () => {
  let dc: FakeDc
  let events: Events
  let client: TelegramClient

  beforeEach(async () => {
    events = new Events()
    dc = await FakeDc.start({ accounts: [ANN], bots: [BOT], onEvent: events.listen })
  })

  afterEach(async () => {
    await client.destroy()
    await dc.close()
  })

  it('logs in, writes, and receives', async () => {
    client = teleproto(dc)
    await client.start({
      phoneNumber: ANN.phone,
      phoneCode: () => Promise.resolve(ANN.code),
      password: () => Promise.resolve(ANN.password),
      onError: (error) => {
        throw error
      },
    })
    const me = await client.getMe()
    assert.deepEqual([me.id.toString(), me.firstName, me.phone], ['71', 'Ann', ANN.phone])
    const sent = await client.sendMessage('me', { message: 'hello' })
    assert.deepEqual([sent.id, sent.message], [1, 'hello'])
    const received = new Promise<Api.UpdateNewMessage>((resolve) => {
      client.addEventHandler((update: unknown) => update instanceof Api.UpdateNewMessage && resolve(update))
    })
    dc.sendMessage(ANN.userId, 'from the phone')
    const { message } = await received
    assert.ok(message instanceof Api.Message)
    assert.deepEqual([message.id, message.message, message.out], [2, 'from the phone', true])
    const history = await client.getMessages('me', { limit: 5 })
    assert.deepEqual(
      Array.from(history, (each) => each.message),
      ['from the phone', 'hello'],
    )
    const full = await client.invoke(new Api.users.GetFullUser({ id: 'me' }))
    assert.equal(full.fullUser.id.toString(), '71')
    const difference = await client.invoke(new Api.updates.GetDifference({ pts: 1, date: 1, qts: 0 }))
    assert.ok(difference instanceof Api.updates.Difference)
    assert.equal(difference.newMessages.length, 2)
    assert.equal((await client.getDialogs()).length, 0)
    const config = await client.invoke(new Api.help.GetAppConfig({ hash: 0 }))
    assert.ok(config instanceof Api.help.AppConfig)
    assert.equal(dc.stats().duplicates, 0)
  })

  it('comes back with the key that GramJS made', async () => {
    const first = gramjs(dc)
    await first.connect()
    await first.invoke(
      new GramJsApi.auth.ImportBotAuthorization({
        apiId: API_ID,
        apiHash: API_HASH,
        botAuthToken: BOT.token,
      }),
    )
    assert.ok(first.session instanceof GramJsString)
    const stored = first.session.save()
    await first.destroy()

    client = teleproto(dc, new StringSession(stored))
    await client.connect()
    assert.equal((await client.getMe()).id.toString(), '4242')
    assert.deepEqual([dc.stats().logins, dc.stats().duplicates, used(dc.stats().keys).length], [1, 0, 1])
  })

  it('makes a new key when the server forgot the old one', async () => {
    client = teleproto(dc)
    await client.connect()
    await client.invoke(
      new Api.auth.ImportBotAuthorization({ apiId: API_ID, apiHash: API_HASH, botAuthToken: BOT.token }),
    )
    const renewed = events.next(({ type }) => type === 'key')
    dc.forgetKey(dc.stats().keys[0]!.keyId)
    dc.killConnections()
    const { keyId } = await renewed
    assert.notEqual(keyId, dc.stats().keys[0]?.keyId)
    assert.equal(dc.stats().keys[1]?.state, 'fresh')
  })
})
