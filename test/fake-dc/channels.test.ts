import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import bigInt from 'big-integer'
import type { TelegramClient } from 'telegram'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Api, StringSession, gramjs } from '../support/dc/gramjs.ts'

const TOKEN = '4242:secret'
const ID = 777_000_111n
const rpc = (code: number, errorMessage: string) => ({ code, errorMessage })

const texts = (messages: Api.TypeMessage[]) =>
  messages.map((message) => (message instanceof Api.Message ? message.message : null))

describe('a channel of the fake data centre', () => {
  let dc: FakeDc
  let client: TelegramClient
  let hash: bigInt.BigInteger

  const updates: Api.TypeUpdate[] = []
  const difference = (pts: number, accessHash = hash) =>
    client.invoke(
      new Api.updates.GetChannelDifference({
        channel: new Api.InputChannel({ channelId: bigInt(ID), accessHash }),
        filter: new Api.ChannelMessagesFilterEmpty(),
        pts,
        limit: 100,
      }),
    )
  const named = (username: string) => client.invoke(new Api.contacts.ResolveUsername({ username }))
  const get = (accessHash: bigInt.BigInteger) =>
    client.invoke(
      new Api.channels.GetChannels({ id: [new Api.InputChannel({ channelId: bigInt(ID), accessHash })] }),
    )
  const chats = (ids: number[]) =>
    client.invoke(new Api.messages.GetChats({ id: ids.map((id) => bigInt(id)) }))
  const next = async (): Promise<Api.TypeUpdate> => {
    for (;;) {
      const update = updates.shift()
      if (update) return update
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  beforeEach(async () => {
    dc = await FakeDc.start({
      bots: [{ token: TOKEN }],
      accounts: [{ phone: '15550001', code: '1', userId: 71n, firstName: 'Ann', username: 'ann' }],
      channels: [{ channelId: ID, title: 'News', username: 'TheNews' }],
      differenceSlice: 2,
      differenceLimit: 4,
    })
    client = gramjs(dc, new StringSession(''))
    await client.connect()
    await client.invoke(
      new Api.auth.ImportBotAuthorization({ flags: 0, apiId: 1, apiHash: 'x', botAuthToken: TOKEN }),
    )
    await client.invoke(new Api.updates.GetState())
    updates.length = 0
    client.addEventHandler((update: Api.TypeUpdate) => {
      if ('className' in update) updates.push(update)
    })
    dc.post(ID, 'one')
    const update = await next()
    assert.ok(update instanceof Api.UpdateNewChannelMessage && update.message instanceof Api.Message)
    assert.deepEqual([update.message.message, update.message.post, update.pts], ['one', true, 2])
    const peer = await client.getInputEntity(update.message.peerId)
    assert.ok(peer instanceof Api.InputPeerChannel)
    hash = peer.accessHash
  })
  afterEach(async () => {
    await client.destroy()
    await dc.close()
  })

  it('tells what was posted since, in slices, until it is too much', async () => {
    assert.ok((await difference(2)) instanceof Api.updates.ChannelDifferenceEmpty)
    for (const text of ['two', 'three', 'four']) dc.post(ID, text)
    const slice = await difference(2)
    assert.ok(slice instanceof Api.updates.ChannelDifference)
    assert.deepEqual([texts(slice.newMessages), slice.pts, slice.final], [['two', 'three'], 4, false])
    const rest = await difference(4)
    assert.ok(rest instanceof Api.updates.ChannelDifference)
    assert.deepEqual([texts(rest.newMessages), rest.pts, rest.final], [['four'], 5, true])
    dc.post(ID, 'five')
    const tooLong = await difference(1)
    assert.ok(tooLong instanceof Api.updates.ChannelDifferenceTooLong && tooLong.dialog instanceof Api.Dialog)
    assert.equal(tooLong.dialog.pts, 6)
  })

  it('refuses a wrong hash, a wrong place, and everybody once it is private', async () => {
    await assert.rejects(difference(2, bigInt(1)), rpc(400, 'CHANNEL_INVALID'))
    await assert.rejects(difference(0), rpc(400, 'PERSISTENT_TIMESTAMP_EMPTY'))
    await assert.rejects(difference(9), rpc(400, 'PERSISTENT_TIMESTAMP_INVALID'))
    dc.makePrivate(ID)
    await assert.rejects(difference(2), rpc(400, 'CHANNEL_PRIVATE'))
    assert.throws(() => dc.post(1n, 'x'), { code: 'fake-dc.unknown-channel' })
  })

  it('hints at news, also in the difference of the account, and loses updates on demand', async () => {
    const { date } = await client.invoke(new Api.updates.GetState())
    dc.loseUpdates(3)
    dc.post(ID, 'two')
    dc.sendMessage(4242n, 'lost')
    dc.hintAt(ID)
    const hint = await next()
    assert.ok(hint instanceof Api.UpdateChannelTooLong)
    assert.equal(hint.pts, 3)
    const whole = await client.invoke(new Api.updates.GetDifference({ pts: 1, date, qts: 0 }))
    assert.ok(whole instanceof Api.updates.Difference)
    assert.deepEqual(texts(whole.newMessages), ['lost'])
    assert.ok(whole.otherUpdates[0] instanceof Api.UpdateChannelTooLong)
  })

  it('is found by its name and by its id, as people are by their names', async () => {
    const [chat] = (await named('thenews')).chats
    assert.ok(chat instanceof Api.Channel)
    assert.deepEqual([chat.title, chat.username, String(chat.accessHash)], ['News', 'TheNews', String(hash)])
    const [user] = (await named('Ann')).users
    assert.ok(user instanceof Api.User)
    assert.deepEqual([String(user.id), user.firstName, user.self], ['71', 'Ann', false])
    await assert.rejects(named('nobody'), rpc(400, 'USERNAME_NOT_OCCUPIED'))
    await assert.rejects(named('?'), rpc(400, 'USERNAME_INVALID'))

    assert.equal((await get(hash)).chats.length, 1)
    // Bots need no hash.
    assert.equal((await get(bigInt(0))).chats.length, 1)
    await assert.rejects(get(bigInt(1)), rpc(400, 'CHANNEL_INVALID'))
    assert.deepEqual((await chats([])).chats, [])
    await assert.rejects(chats([5]), rpc(400, 'CHAT_ID_INVALID'))
  })
})
