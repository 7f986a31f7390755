import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { CODEC } from '../../src/fake-dc/tl/schemas.ts'
import { fingerprintOf, keyIdOf } from '../support/dc/fingerprint.ts'
import { type Mistakes, makeKey } from '../support/dc/key-maker.ts'
import { RawClient } from '../support/dc/raw-client.ts'

describe('the key exchange', () => {
  let dc: FakeDc
  let client: RawClient

  before(async () => void (dc = await FakeDc.start()))
  beforeEach(async () => void (client = await RawClient.connect(dc)))
  afterEach(() => client.close())
  after(() => dc.close())

  it('makes a key that both sides know', async () => {
    const { answer, key } = await makeKey(client, dc.publicKeyPem)
    assert.equal(answer?._, 'dh_gen_ok')
    const { keyId, state, userId } = dc.stats().keys[0]!
    assert.deepEqual([keyId, state, userId], [keyIdOf(key).toString('hex'), 'fresh', null])
  })

  it('wants initConnection before anything else', async () => {
    const { key } = await makeKey(client, dc.publicKeyPem)
    const next = await RawClient.connect(dc, key)
    await next.learnSalt()
    next.send({ body: CODEC.encode({ _: 'help.getConfig' }, 0) })
    const { result } = await next.expect('rpc_result')
    assert.ok(result instanceof Uint8Array)
    assert.equal(CODEC.decodeWhole(result)['error_message'], 'CONNECTION_NOT_INITED')
    next.close()
  })

  it('answers req_pq too, with its only key', async () => {
    const answer = await client.plain({ _: 'req_pq', nonce: randomBytes(16) })
    assert.deepEqual(answer?.['server_public_key_fingerprints'], [fingerprintOf(dc.publicKeyPem)])
  })

  it('fails for wrong factors', async () => {
    const { answer } = await makeKey(client, dc.publicKeyPem, {
      request: (request) => ({ ...request, p: Buffer.of(3) }),
    })
    assert.equal(answer?._, 'server_DH_params_fail')
  })

  it('fails for a public value of 1', async () => {
    const { answer } = await makeKey(client, dc.publicKeyPem, { publicValue: 1n })
    assert.equal(answer?._, 'dh_gen_fail')
  })

  const fatal: Record<string, Mistakes> = {
    'another data centre': { inner: (inner) => ({ ...inner, dc: 4 }) },
    'another nonce inside': { inner: (inner) => ({ ...inner, nonce: randomBytes(16) }) },
    'another server nonce': { request: (request) => ({ ...request, server_nonce: randomBytes(16) }) },
    'another fingerprint': { request: (request) => ({ ...request, public_key_fingerprint: 1n }) },
    'random data instead of RSA': { padding: () => Buffer.concat([Buffer.alloc(1), randomBytes(255)]) },
    'RSA data that is too short': { padding: () => randomBytes(100) },
    'no padding at all': {
      padding: (data, key) =>
        publicEncrypt(
          { key, padding: constants.RSA_NO_PADDING },
          Buffer.concat([Buffer.alloc(256 - data.length), data]),
        ),
    },
    'a damaged last step': { damage: true },
  }
  for (const [what, mistake] of Object.entries(fatal))
    it(`hangs up on ${what}`, async () => {
      const known = dc.stats().keys.length
      assert.equal((await makeKey(client, dc.publicKeyPem, mistake)).answer, null)
      assert.equal(dc.stats().keys.length, known)
    })

  it('hangs up on steps out of order', async () => {
    const echo = { nonce: randomBytes(16), server_nonce: randomBytes(16) }
    assert.equal(
      await client.plain({ _: 'set_client_DH_params', ...echo, encrypted_data: Buffer.alloc(32) }),
      null,
    )
  })
})

describe('the RSA key', () => {
  it('can be given, as PEM or KeyObject', async (t) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const first = await FakeDc.start({ privateKey })
    t.after(() => first.close())
    const second = await FakeDc.start({ privateKey: pem })
    t.after(() => second.close())
    assert.equal(first.publicKeyPem, second.publicKeyPem)
    assert.match(first.publicKeyPem, /^-----BEGIN RSA PUBLIC KEY-----/)
  })

  it('is one for all of this process that are given none', async (t) => {
    const two = [await FakeDc.start(), await FakeDc.start()] as const
    for (const dc of two) t.after(() => dc.close())
    assert.equal(two[0].publicKeyPem, two[1].publicKeyPem)
  })

  it('must have 2048 bits', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    await assert.rejects(FakeDc.start({ privateKey }), { code: 'fake-dc.bad-key' })
  })
})
