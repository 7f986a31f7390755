import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { TelegramClient } from 'telegram'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Events } from '../support/dc/events.ts'
import { API_HASH, API_ID, Api, StringSession, gramjs } from '../support/dc/gramjs.ts'
import { used } from '../support/dc/keys.ts'

const BOT = { token: '4242:secret', firstName: 'Botty' }
const ID = 4242n
const rpc = (code: number, errorMessage: string) => ({ code, errorMessage })
const getState = (client: TelegramClient) => client.invoke(new Api.updates.GetState())

describe('GramJS with a session', () => {
  let dc: FakeDc
  let events: Events
  let clients: TelegramClient[]
  let session: string

  /** One more client; with the stored key unless it is the first. */
  async function open(stored = session): Promise<TelegramClient> {
    const client = gramjs(dc, new StringSession(stored))
    clients.push(client)
    assert.equal(await client.connect(), true)
    return client
  }

  async function closed(client: TelegramClient): Promise<void> {
    const gone = events.next(({ type }) => type === 'disconnect')
    await client.destroy()
    await gone
  }

  beforeEach(async () => {
    events = new Events()
    clients = []
    dc = await FakeDc.start({ bots: [BOT], onEvent: events.listen })
    const client = await open('')
    await client.invoke(
      new Api.auth.ImportBotAuthorization({ apiId: API_ID, apiHash: API_HASH, botAuthToken: BOT.token }),
    )
    assert.ok(client.session instanceof StringSession)
    session = client.session.save()
    await closed(client)
  })

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.destroy()))
    await dc.close()
  })

  it('comes back with the stored key and logs in no more', async () => {
    const client = await open()
    await getState(client)
    const { logins, connections, keys: all } = dc.stats()
    const keys = used(all)
    assert.deepEqual([logins, connections, keys.length], [1, 2, 1])
    assert.deepEqual([keys[0]?.connections, keys[0]?.open, keys[0]?.duplicates], [2, 1, 0])
  })

  it('writes to Saved Messages', async () => {
    const client = await open()
    const sent = await client.sendMessage('me', { message: 'hello' })
    assert.deepEqual([sent.id, sent.message], [1, 'hello'])
    assert.deepEqual(
      dc.messages(ID).map(({ text }) => text),
      ['hello'],
    )
    await assert.rejects(client.sendMessage('me', { message: '  ' }), rpc(400, 'MESSAGE_EMPTY'))
    const [read] = await client.getMessages('me', { limit: 1 })
    assert.equal(read?.message, 'hello')
  })

  it('gets a long answer, which comes packed', async () => {
    const client = await open()
    const text = 'long '.repeat(800)
    await client.sendMessage('me', { message: text })
    assert.equal((await client.getMessages('me', { limit: 1 }))[0]?.message, text.trim())
  })

  it('receives what another device wrote', async () => {
    const client = await open()
    await getState(client)
    const received = new Promise<Api.UpdateNewMessage>((resolve) => {
      client.addEventHandler((update: unknown) => update instanceof Api.UpdateNewMessage && resolve(update))
    })
    const id = dc.sendMessage(ID, 'from the phone')
    const { message, pts, ptsCount } = await received
    assert.ok(message instanceof Api.Message)
    assert.deepEqual([message.id, message.message, message.out], [id, 'from the phone', true])
    assert.deepEqual([pts, ptsCount], [2, 1])
    assert.ok(message.peerId instanceof Api.PeerUser)
    assert.equal(message.peerId.userId.toString(), '4242')
  })

  it('gets what it missed, in slices', async () => {
    const client = await open()
    const { pts, date } = await getState(client)
    const difference = (since: number, limit?: number) =>
      client.invoke(
        new Api.updates.GetDifference({ pts: since, date, qts: 0, ...(limit && { ptsLimit: limit }) }),
      )
    assert.ok((await difference(pts)) instanceof Api.updates.DifferenceEmpty)
    for (const text of ['one', 'two', 'three']) dc.sendMessage(ID, text)
    const whole = await difference(pts)
    assert.ok(whole instanceof Api.updates.Difference)
    assert.deepEqual(
      whole.newMessages.map((message) => (message instanceof Api.Message ? message.message : null)),
      ['one', 'two', 'three'],
    )
    assert.equal(whole.state.pts, pts + 3)
    const slice = await difference(pts, 2)
    assert.ok(slice instanceof Api.updates.DifferenceSlice)
    assert.equal(slice.newMessages.length, 2)
    const rest = await difference(slice.intermediateState.pts)
    assert.ok(rest instanceof Api.updates.Difference)
    assert.equal(rest.newMessages.length, 1)
    await assert.rejects(difference(pts + 9), rpc(400, 'PERSISTENT_TIMESTAMP_INVALID'))
  })

  it('kills the key when two clients use it at once', async () => {
    const first = await open()
    await getState(first)
    // connect() itself sends help.getConfig, so the second client is refused before it can do anything.
    const second = gramjs(dc, new StringSession(session))
    clients.push(second)
    await assert.rejects(second.connect(), rpc(406, 'AUTH_KEY_DUPLICATED'))
    await assert.rejects(getState(first), rpc(406, 'AUTH_KEY_DUPLICATED'))
    await closed(first)
    await closed(second)
    const third = gramjs(dc, new StringSession(session))
    clients.push(third)
    await assert.rejects(third.connect(), rpc(406, 'AUTH_KEY_DUPLICATED'))
    const { duplicates, keys } = dc.stats()
    assert.equal(duplicates, 1)
    assert.deepEqual(
      [keys.at(-1)?.state, keys.at(-1)?.duplicates, keys.at(-1)?.refused],
      ['duplicated', 1, 2],
    )
    assert.equal(events.all.filter(({ type }) => type === 'duplicate').length, 1)
  })

  it('never counts a closed socket', async () => {
    for (let round = 0; round < 5; round++) {
      const client = await open()
      await getState(client)
      // No waiting for the server to notice: the next client may overtake the end of this one.
      await client.destroy()
    }
    assert.equal(dc.stats().duplicates, 0)
    assert.equal(dc.stats().keys.at(-1)?.state, 'authorised')
  })

  it('reconnects by itself when the connection breaks', async () => {
    const client = await open()
    await getState(client)
    const again = events.next(({ type, method }) => type === 'request' && method === 'help.getConfig')
    dc.killConnections()
    await Promise.race([again, getState(client)])
    await getState(client)
    assert.equal(dc.stats().duplicates, 0)
  })

  it('is told of a flood, as often as asked', async () => {
    const client = await open()
    dc.fail('updates.getState', { code: 420, message: 'FLOOD_WAIT_30' }, 2)
    for (const _ of [1, 2]) await assert.rejects(getState(client), { code: 420, seconds: 30 })
    await getState(client)
    assert.throws(() => dc.fail('no.suchMethod', { code: 400, message: 'X' }), {
      code: 'fake-dc.unknown-method',
    })
  })

  it('is told that its session was revoked', async () => {
    const client = await open()
    dc.revoke(dc.stats().keys.at(-1)!.keyId)
    await assert.rejects(getState(client), rpc(401, 'SESSION_REVOKED'))
    assert.equal(dc.stats().keys.at(-1)?.state, 'revoked')
  })

  it('is answered -404 for a key that the server forgot', async () => {
    dc.forgetKey(dc.stats().keys.at(-1)!.keyId)
    const client = gramjs(dc, new StringSession(session))
    clients.push(client)
    const gone = events.next(({ type }) => type === 'disconnect')
    // GramJS never settles this promise (facts: sessions.md §5), so only the socket tells.
    client.connect().catch(() => {})
    await gone
    assert.equal(events.methods().filter((method) => method === 'updates.getState').length, 0)
    assert.throws(() => dc.forgetKey('0000000000000000'), { code: 'fake-dc.unknown-key' })
  })

  it('is told of a method that is not known here', async () => {
    const client = await open()
    const id = Api.account.GetContentSettings.CONSTRUCTOR_ID
    await assert.rejects(
      client.invoke(new Api.account.GetContentSettings()),
      rpc(400, `INPUT_METHOD_INVALID_${id}`),
    )
  })

  it('reads what the server says of itself and of the account', async () => {
    const client = await open()
    await using other = await FakeDc.start({ dcId: 4 })
    dc.introduce(other)
    const config = await client.invoke(new Api.help.GetConfig())
    assert.deepEqual(
      config.dcOptions.map(({ id, ipAddress, port }) => [id, ipAddress, port]),
      [2, 1, 3, 4, 5].map((id) => [id, '127.0.0.1', id === 4 ? other.port : dc.port]),
    )
    const { thisDc } = await client.invoke(new Api.help.GetNearestDc())
    assert.equal(thisDc, 2)
    assert.ok((await client.invoke(new Api.help.GetAppConfig({ hash: 0 }))) instanceof Api.help.AppConfig)
    const full = await client.invoke(new Api.users.GetFullUser({ id: 'me' }))
    assert.equal(full.fullUser.id.toString(), '4242')
  })
})
