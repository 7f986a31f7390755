import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { missing } from '../support/requires.ts'
import { Events } from '../support/dc/events.ts'
import { API_HASH, API_ID, Api, gramjs } from '../support/dc/gramjs.ts'
import { telethon } from '../support/dc/telethon.ts'
import { used } from '../support/dc/keys.ts'

const ANN = { phone: '15550001', code: '12345', userId: 71n, firstName: 'Ann' }
const BOB = { phone: '15550002', code: '54321', password: 'hunter2', userId: 72n, firstName: 'Bob' }

describe('Telethon of Debian (layer 144, old RSA padding)', { skip: missing.telethon() }, () => {
  let dc: FakeDc
  let events: Events

  beforeEach(async () => {
    events = new Events()
    dc = await FakeDc.start({ accounts: [ANN, BOB], onEvent: events.listen })
  })

  afterEach(() => dc.close())

  for (const connection of [
    'ConnectionTcpFull',
    'ConnectionTcpAbridged',
    'ConnectionTcpIntermediate',
    'ConnectionTcpObfuscated',
  ] as const) {
    it(`logs in, writes and receives over ${connection}`, async () => {
      const job = { connection, phone: ANN.phone, code: ANN.code, text: 'hello', listen: true, history: true }
      const said = await telethon(dc, job, ({ session }) => {
        if (session !== undefined) dc.sendMessage(ANN.userId, 'from the phone')
      })
      assert.partialDeepStrictEqual(said, {
        authorised: true,
        id: 71,
        firstName: 'Ann',
        phone: ANN.phone,
        sent: 1,
        text: 'hello',
        received: { id: 2, text: 'from the phone', out: true },
        history: ['from the phone', 'hello'],
        entity: 71,
      })
      assert.deepEqual([dc.stats().logins, dc.stats().duplicates], [1, 0])
    })
  }

  it('logs in with a password', async () => {
    const said = await telethon(dc, { phone: BOB.phone, code: BOB.code, password: BOB.password })
    assert.partialDeepStrictEqual(said, { authorised: true, id: 72 })
  })

  it('is told of a wrong password', async () => {
    const said = await telethon(dc, { phone: BOB.phone, code: BOB.code, password: 'wrong' })
    assert.partialDeepStrictEqual(said, { error: 'PasswordHashInvalidError', code: 400 })
  })

  it('is told of a flood', async () => {
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_30' })
    const said = await telethon(dc, { phone: ANN.phone, code: ANN.code })
    assert.partialDeepStrictEqual(said, { error: 'FloodWaitError', code: 420 })
  })

  it('comes back with its own key', async () => {
    const { session } = await telethon(dc, { phone: ANN.phone, code: ANN.code })
    assert.ok(typeof session === 'string')
    const said = await telethon(dc, { session, text: 'again' })
    assert.partialDeepStrictEqual(said, { authorised: true, id: 71, sent: 1 })
    assert.deepEqual([dc.stats().logins, used(dc.stats().keys).length], [1, 1])
  })

  it('reads everything else in its layer, and logs out', async () => {
    const said = await telethon(dc, { phone: ANN.phone, code: ANN.code, text: 'hello', more: true })
    assert.partialDeepStrictEqual(said, {
      difference: ['hello'],
      pts: 2,
      full: 71,
      config: 'JsonObject',
      token: 32,
      dialogs: 0,
      out: true,
    })
    assert.equal(dc.stats().keys[0]?.state, 'loggedOut')
  })

  it('moves to another data centre when it is told to', async (t) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const home = await FakeDc.start({ dcId: 4, accounts: [ANN], privateKey })
    t.after(() => home.close())
    const first = await FakeDc.start({ dcId: 2, privateKey })
    t.after(() => first.close())
    first.introduce(home)
    const said = await telethon(first, { phone: ANN.phone, code: ANN.code })
    assert.partialDeepStrictEqual(said, { authorised: true, id: 71 })
    assert.deepEqual([first.stats().logins, home.stats().logins], [0, 1])
  })

  it('kills the key when GramJS uses it at the same time', async () => {
    const client = gramjs(dc)
    await client.connect()
    const { phoneCodeHash } = await client.sendCode({ apiId: API_ID, apiHash: API_HASH }, ANN.phone)
    await client.invoke(new Api.auth.SignIn({ phoneNumber: ANN.phone, phoneCodeHash, phoneCode: ANN.code }))
    const key = client.session.getAuthKey()?.getKey()
    assert.ok(key)
    // Telethon's string: '1', then url-safe base64 of data centre, IPv4 address, port and key.
    const head = Buffer.of(dc.dcId, 127, 0, 0, 1, dc.port >> 8, dc.port & 0xff)
    const text = Buffer.concat([head, key]).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    const said = await telethon(dc, { session: `1${text}` }).catch((error: Error) => ({
      error: error.message,
    }))
    assert.match(String(said['error']), /AUTH_KEY_DUPLICATED|AuthKeyDuplicated/)
    await assert.rejects(client.invoke(new Api.updates.GetState()), { errorMessage: 'AUTH_KEY_DUPLICATED' })
    assert.equal(dc.stats().duplicates, 1)
    await client.destroy()
  })
})
