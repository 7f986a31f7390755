import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { CODEC } from '../../src/fake-dc/tl/schemas.ts'
import type { TlObject } from '../../src/fake-dc/tl/value.ts'
import { TlWriter } from '../../src/fake-dc/tl/writer.ts'
import { API_HASH, API_ID, Api, gramjs } from '../support/dc/gramjs.ts'
import { RawClient } from '../support/dc/raw-client.ts'

const BOT = { token: '4242:secret' }
const LAYER = 198
const encode = (object: TlObject): Buffer => CODEC.encode(object, LAYER)
const PING = encode({ _: 'ping', ping_id: 7n })

function inLayer(query: Buffer): Buffer {
  const init = {
    _: 'initConnection',
    api_id: API_ID,
    device_model: '',
    system_version: '',
    app_version: '',
    system_lang_code: '',
    lang_pack: '',
    lang_code: '',
    query,
  }
  return encode({ _: 'invokeWithLayer', layer: LAYER, query: encode(init) })
}

/** What an rpc_result holds. */
function resultOf(message: TlObject): TlObject {
  assert.ok(message['result'] instanceof Uint8Array)
  const object = CODEC.decodeWhole(message['result'])
  if (object._ !== 'gzip_packed') return object
  assert.ok(object['packed_data'] instanceof Uint8Array)
  return CODEC.decodeWhole(gunzipSync(object['packed_data']))
}

function container(parts: { messageId: bigint; body: Buffer }[]): Buffer {
  const writer = new TlWriter().int(0x73f1f8dc).int(parts.length)
  for (const { messageId, body } of parts) writer.long(messageId).int(1).int(body.length).raw(body)
  return writer.finish()
}

const sendMessage = (text: string, randomId: bigint): Buffer =>
  encode({
    _: 'messages.sendMessage',
    peer: { _: 'inputPeerSelf' },
    message: text,
    random_id: randomId,
  })

describe('the message layer', () => {
  let dc: FakeDc
  let key: Buffer
  let client: RawClient

  before(async () => {
    dc = await FakeDc.start({ bots: [BOT] })
    const maker = gramjs(dc)
    await maker.connect()
    await maker.invoke(
      new Api.auth.ImportBotAuthorization({ apiId: API_ID, apiHash: API_HASH, botAuthToken: BOT.token }),
    )
    key = maker.session.getAuthKey()?.getKey() ?? assert.fail('no key')
    await maker.destroy()
  })

  beforeEach(async () => {
    client = await RawClient.connect(dc, key)
    await client.learnSalt()
  })

  afterEach(() => client.close())
  after(() => dc.close())

  it('answers a ping, after announcing the session once', async () => {
    const messageId = client.nextId()
    client.send({ messageId, body: PING })
    const first = await client.messages()
    assert.deepEqual(
      first?.map(({ _ }) => _),
      ['new_session_created', 'pong'],
    )
    assert.equal(first[0]?.['first_msg_id'], messageId)
    client.send({ body: PING })
    assert.deepEqual(
      (await client.messages())?.map(({ _ }) => _),
      ['pong'],
    )
  })

  for (const [name, shift, code] of [
    ['too old', -400n, 16],
    ['too new', 100n, 17],
  ] as const) {
    it(`refuses a message id that is ${name}`, async () => {
      client.send({ messageId: client.nextId() + (shift << 32n), body: PING })
      assert.equal((await client.expect('bad_msg_notification'))['error_code'], code)
    })
  }

  it('refuses a message id that is no multiple of 4', async () => {
    client.send({ messageId: client.nextId() + 1n, body: PING })
    assert.equal((await client.expect('bad_msg_notification'))['error_code'], 18)
  })

  it('does what is sent twice only once, and answers twice', async () => {
    const count = dc.messages(4242n).length
    const packet = client.seal({ body: sendMessage('once', 1n) })
    client.sendPacket(packet)
    const first = await client.expect('rpc_result')
    client.sendPacket(packet)
    assert.deepEqual(await client.expect('rpc_result'), first)
    assert.equal(dc.messages(4242n).length, count + 1)
    // The same again under a new message id, as clients do after a reconnect.
    client.send({ body: sendMessage('once', 1n) })
    assert.equal(resultOf(await client.expect('rpc_result'))['error_message'], 'RANDOM_ID_DUPLICATE')
    assert.equal(dc.messages(4242n).length, count + 1)
  })

  it('opens containers and packed messages', async () => {
    const packed = encode({ _: 'gzip_packed', packed_data: gzipSync(PING) })
    const [a, b] = [client.nextId(), client.nextId()]
    client.send({
      body: container([
        { messageId: a, body: PING },
        { messageId: b, body: packed },
      ]),
    })
    const answers = (await client.messages()) ?? []
    assert.deepEqual(
      answers.map((each) => [each._, each['msg_id'] ?? each['first_msg_id']]),
      [
        ['new_session_created', a],
        ['pong', a],
        ['pong', b],
      ],
    )
  })

  it('refuses a container that comes again, lies in another or is broken', async () => {
    const packet = client.seal({ body: container([{ messageId: client.nextId(), body: PING }]) })
    client.sendPacket(packet)
    await client.expect('pong')
    client.sendPacket(packet)
    assert.equal((await client.expect('bad_msg_notification'))['error_code'], 19)
    client.send({ body: container([{ messageId: client.nextId(), body: container([]) }]) })
    assert.equal((await client.expect('bad_msg_notification'))['error_code'], 64)
    client.send({ body: container([{ messageId: client.nextId(), body: PING }]).subarray(0, 20) })
    assert.equal((await client.expect('bad_msg_notification'))['error_code'], 64)
  })

  it('answers the other service messages', async () => {
    client.send({ body: encode({ _: 'get_future_salts', num: 3 }) })
    const { salts } = await client.expect('future_salts')
    assert.equal(Array.isArray(salts) && salts.length, 3)
    const known = client.nextId()
    client.send({ messageId: known, body: PING })
    await client.expect('pong')
    client.send({ body: encode({ _: 'msgs_state_req', msg_ids: [known, 4n] }) })
    assert.deepEqual((await client.expect('msgs_state_info'))['info'], Buffer.of(4, 1))
    client.send({ body: encode({ _: 'destroy_session', session_id: 99n }) })
    await client.expect('destroy_session_none')
    client.send({ body: encode({ _: 'rpc_drop_answer', req_msg_id: known }) })
    assert.equal(resultOf(await client.expect('rpc_result'))._, 'rpc_answer_unknown')
    client.send({ body: encode({ _: 'msgs_ack', msg_ids: [known] }) })
    client.send({ body: encode({ _: 'ping_delay_disconnect', ping_id: 1n, disconnect_delay: 0 }) })
    await client.closed
  })

  it('looks through all wrappers, also packed ones', async () => {
    const query = encode({ _: 'gzip_packed', packed_data: gzipSync(encode({ _: 'help.getNearestDc' })) })
    const quiet = encode({ _: 'invokeWithoutUpdates', query })
    client.send({ body: inLayer(encode({ _: 'invokeAfterMsg', msg_id: 4n, query: quiet })) })
    assert.equal(resultOf(await client.expect('rpc_result'))['nearest_dc'], 2)
  })

  it('packs long answers only', async () => {
    client.send({ body: inLayer(encode({ _: 'help.getNearestDc' })) })
    const short = await client.expect('rpc_result')
    client.send({ body: sendMessage('x'.repeat(4000), 2n) })
    await client.expect('rpc_result')
    const limits = { offset_id: 0, offset_date: 0, add_offset: 0, limit: 1, max_id: 0, min_id: 0, hash: 0n }
    client.send({ body: encode({ _: 'messages.getHistory', peer: { _: 'inputPeerSelf' }, ...limits }) })
    const long = await client.expect('rpc_result')
    assert.ok(short['result'] instanceof Uint8Array && long['result'] instanceof Uint8Array)
    assert.equal(CODEC.decodeWhole(short['result'])._, 'nearestDc')
    assert.equal(CODEC.decodeWhole(long['result'])._, 'gzip_packed')
    assert.ok(long['result'].length < 500)
  })

  it('answers a malformed request with an error', async () => {
    const whole = sendMessage('cut', 3n)
    for (const body of [
      whole.subarray(0, 12),
      Buffer.concat([encode({ _: 'updates.getState' }), Buffer.alloc(4)]),
    ]) {
      client.send({ body })
      const error = resultOf(await client.expect('rpc_result'))
      assert.deepEqual([error['error_code'], error['error_message']], [400, 'INPUT_FETCH_FAIL'])
    }
  })

  it('closes the connection for a damaged packet, and serves the next', async () => {
    const packet = client.seal({ body: PING })
    packet[40]! ^= 1
    client.sendPacket(packet)
    await client.closed
    const next = await RawClient.connect(dc, key)
    await next.learnSalt()
    next.close()
  })

  it('answers -429 when it has too much to do, and hangs up', async () => {
    dc.failTransport(-429)
    client.send({ body: PING })
    assert.equal((await client.packet())?.readInt32LE(), -429)
    await client.closed
  })

  it('answers -404 to an unknown key and hangs up', async () => {
    const stranger = await RawClient.connect(dc, Buffer.alloc(256, 7))
    stranger.send({ body: PING })
    assert.equal((await stranger.packet())?.readInt32LE(), -404)
    await stranger.closed
  })
})

describe('the clock of the server', () => {
  it('changes the salt, and lets codes and QR tokens expire', async (t) => {
    let ahead = 0
    const account = { phone: '15550001', code: '12345', userId: 71n }
    const dc = await FakeDc.start({ accounts: [account], now: () => Date.now() + ahead })
    t.after(() => dc.close())
    const client = gramjs(dc)
    await client.connect()
    const login = { phoneNumber: account.phone, phoneCode: account.code }
    const { phoneCodeHash } = await client.sendCode({ apiId: API_ID, apiHash: API_HASH }, account.phone)
    const qr = await client.invoke(
      new Api.auth.ExportLoginToken({ apiId: API_ID, apiHash: API_HASH, exceptIds: [] }),
    )
    assert.ok(qr instanceof Api.auth.LoginToken)
    const key = client.session.getAuthKey()?.getKey() ?? assert.fail('no key')
    ahead = 31_000
    assert.throws(() => dc.acceptLoginToken(qr.token, 71n), { message: 'AUTH_TOKEN_EXPIRED' })
    ahead = 6 * 60_000
    // The client's clock is behind by now: bad_msg_notification sets it right.
    await assert.rejects(client.invoke(new Api.auth.SignIn({ ...login, phoneCodeHash })), {
      errorMessage: 'PHONE_CODE_EXPIRED',
    })
    await client.destroy()

    ahead = 0
    const raw = await RawClient.connect(dc, key)
    await raw.learnSalt()
    const first = raw.salt
    ahead = 2 * 3600_000
    const messageId = raw.nextId() + (BigInt(ahead / 1000) << 32n)
    raw.send({ messageId, body: PING })
    assert.notEqual((await raw.expect('bad_server_salt'))['new_server_salt'], first)
    raw.close()
  })
})
