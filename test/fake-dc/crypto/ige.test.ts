import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { IGE } from 'telegram/crypto/IGE.js'
import { decryptIge, encryptIge } from '../../../src/fake-dc/crypto/ige.ts'
import { decryptMessage, encryptMessage } from '../../../src/fake-dc/crypto/message-cipher.ts'

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each))

describe('AES-IGE', () => {
  it('agrees with the implementation of GramJS, both ways', () => {
    const data = fc.integer({ min: 1, max: 20 }).chain((blocks) => bytes(blocks * 16))
    fc.assert(
      fc.property(data, bytes(32), bytes(32), (plain, key, iv) => {
        const encrypted = encryptIge(plain, key, iv)
        assert.deepEqual(encrypted, Buffer.from(new IGE(key, iv).encryptIge(plain)))
        assert.deepEqual(decryptIge(encrypted, key, iv), plain)
      }),
      { numRuns: 30 },
    )
  })
})

describe('an encrypted message', () => {
  const authKey = randomBytes(256)
  const keyId = randomBytes(8)

  it('comes back, also with the padding of a transport behind it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 500 }),
        fc.integer({ min: 0, max: 15 }),
        (plain, extra) => {
          const packet = encryptMessage(authKey, keyId, plain, 'client', randomBytes)
          const decrypted = decryptMessage(authKey, Buffer.concat([packet, randomBytes(extra)]), 'client')
          assert.deepEqual(decrypted.subarray(0, plain.length), Buffer.from(plain))
          const padding = decrypted.length - plain.length
          assert.ok(padding >= 12 && padding < 28)
        },
      ),
    )
  })

  it('is refused when one bit is wrong, or the direction', () => {
    const packet = encryptMessage(authKey, keyId, Buffer.alloc(64), 'client', randomBytes)
    assert.throws(() => decryptMessage(authKey, packet, 'server'), { name: 'ProtocolError' })
    for (const at of [8, 23, 24, packet.length - 1]) {
      const damaged = Buffer.from(packet)
      damaged[at]! ^= 0x80
      assert.throws(() => decryptMessage(authKey, damaged, 'client'), { name: 'ProtocolError' })
    }
  })
})
