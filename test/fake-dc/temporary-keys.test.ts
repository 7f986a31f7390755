import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { CODEC } from '../../src/fake-dc/tl/schemas.ts'
import type { TlObject } from '../../src/fake-dc/tl/value.ts'
import { keyIdOf } from '../support/dc/fingerprint.ts'
import { makeKey } from '../support/dc/key-maker.ts'
import { RawClient } from '../support/dc/raw-client.ts'

const asTemporary = (inner: TlObject): TlObject => ({ ...inner, _: 'p_q_inner_data_temp_dc', expires_in: 60 })

const ask = async (client: RawClient, request: TlObject): Promise<TlObject> => {
  client.send({ body: CODEC.encode(request, 0) })
  const { result } = await client.expect('rpc_result')
  assert.ok(result instanceof Uint8Array)
  return CODEC.decodeWhole(result)
}
const bind = (permanent: Buffer): TlObject => ({
  _: 'auth.bindTempAuthKey',
  perm_auth_key_id: keyIdOf(permanent).readBigInt64LE(),
  nonce: 1n,
  expires_at: Math.floor(Date.now() / 1000) + 60,
  encrypted_message: randomBytes(104),
})

/** That they serve once they are bound is shown by mtcute (mtcute.test.ts). */
describe('a temporary key', () => {
  let dc: FakeDc
  let ahead = 0
  const open: RawClient[] = []

  const connect = async (key?: Buffer): Promise<RawClient> => {
    const client = await RawClient.connect(dc, key)
    open.push(client)
    return client
  }
  const temporary = async (): Promise<Buffer> => {
    const { answer, key } = await makeKey(await connect(), dc.publicKeyPem, { inner: asTemporary })
    assert.equal(answer?._, 'dh_gen_ok')
    return key
  }

  beforeEach(async () => {
    ahead = 0
    dc = await FakeDc.start({ now: () => Date.now() + ahead })
  })
  afterEach(async () => {
    for (const client of open.splice(0)) client.close()
    await dc.close()
  })

  it('is good for nothing before a permanent key vouches for it', async () => {
    const { key: permanent } = await makeKey(await connect(), dc.publicKeyPem)
    const client = await connect(await temporary())
    await client.learnSalt()
    const refused = await ask(client, { _: 'help.getConfig' })
    assert.deepEqual([refused['error_code'], refused['error_message']], [401, 'AUTH_KEY_PERM_EMPTY'])
    const forged = await ask(client, bind(permanent))
    assert.equal(forged['error_message'], 'ENCRYPTED_MESSAGE_INVALID')
    const unknown = await ask(client, bind(randomBytes(256)))
    assert.equal(unknown['error_message'], 'ENCRYPTED_MESSAGE_INVALID')
  })

  it('cannot be a permanent one', async () => {
    const { key: permanent } = await makeKey(await connect(), dc.publicKeyPem)
    const client = await connect(permanent)
    await client.learnSalt()
    assert.equal((await ask(client, bind(permanent)))['error_message'], 'TEMP_AUTH_KEY_EMPTY')
  })

  it('is forgotten when its time is over', async () => {
    const client = await connect(await temporary())
    await client.learnSalt()
    ahead = 61_000
    client.send({ body: CODEC.encode({ _: 'help.getConfig' }, 0) })
    assert.equal((await client.packet())?.readInt32LE(), -404)
  })
})
