/* oxlint-disable no-underscore-dangle -- the name is GramJS's */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import rsa from 'telegram/crypto/RSA.js'
import { ConfigurationError } from '../../src/base/errors.ts'
import { addServerKey } from '../../src/clients/gramjs/library.ts'

/** Where GramJS looks. */
const serverKeys = rsa._serverKeys

const base64url = (hex: string): string =>
  Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url')

describe('addServerKey', () => {
  it('computes the fingerprints that GramJS ships with Telegram’s own keys', () => {
    const shipped = [...serverKeys]
    assert.ok(shipped.length >= 2)
    for (const [fingerprint, { n, e }] of shipped) {
      const jwk = { kty: 'RSA', n: base64url(n.toString(16)), e: base64url(e.toString(16)) }
      const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
      assert.equal(addServerKey(String(pem)), fingerprint)
    }
  })

  it('takes PKCS#1 and SPKI for the same key, and puts it where GramJS looks', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const spki = addServerKey(String(publicKey.export({ type: 'spki', format: 'pem' })))
    assert.equal(addServerKey(String(publicKey.export({ type: 'pkcs1', format: 'pem' }))), spki)
    assert.equal(serverKeys.get(spki)?.e, 65_537)
    assert.equal(serverKeys.get(spki)?.n.bitLength().toJSNumber(), 2048)
  })

  it('refuses what is not a public RSA key of 2048 bits', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const curve = generateKeyPairSync('ed25519').publicKey
    const pems = [
      '',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      ...[small, curve].map((key) => String(key.export({ type: 'spki', format: 'pem' }))),
    ]
    for (const pem of pems)
      assert.throws(
        () => addServerKey(pem),
        (error) => error instanceof ConfigurationError && error.code === 'telegram.server_key',
      )
  })
})
