import { createHash, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import bigInt from 'big-integer'
import type { BigInteger } from 'big-integer'
import { ConfigurationError } from '../../base/errors.ts'

/** RSA_PAD, the padding of the key exchange, fills exactly 2048 bits. */
const MODULUS_BITS = 2048

/**
 * An RSA key as the client libraries keep it, and its fingerprint, a signed decimal number: the low 64 bits of the
 * SHA-1 of TL's `bytes n, bytes e` (https://core.telegram.org/mtproto/auth_key).
 * @throws ConfigurationError telegram.server_key: not a PEM of a 2048-bit public RSA key
 */
export function rsaKey(pem: string): { fingerprint: string; numbers: { n: BigInteger; e: number } } {
  const { n, e } = rsaNumbers(pem)
  const digest = createHash('sha1').update(tlBytes(n)).update(tlBytes(e)).digest()
  return {
    fingerprint: digest.readBigInt64LE(digest.length - 8).toString(),
    numbers: { n: bigInt(n.toString('hex'), 16), e: Number.parseInt(e.toString('hex'), 16) },
  }
}

function rsaNumbers(pem: string): { n: Buffer; e: Buffer } {
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw badKey('it cannot be read as a PEM public key')
  }
  if (key.asymmetricKeyType !== 'rsa' || key.asymmetricKeyDetails?.modulusLength !== MODULUS_BITS)
    throw badKey(`it is not an RSA key of ${MODULUS_BITS} bits`)
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  return { n: Buffer.from(n, 'base64url'), e: Buffer.from(e, 'base64url') }
}

function badKey(why: string): ConfigurationError {
  return new ConfigurationError('telegram.server_key', `The server's public key is unusable: ${why}.`, {
    hint: 'Give the whole text from "-----BEGIN … PUBLIC KEY-----" to its END line, as the server shows it.',
  })
}

/** TL's `bytes`: a length of one byte, or 0xfe and three, then the data, padded to a multiple of four. */
function tlBytes(data: Buffer): Buffer {
  const head = data.length < 254 ? Buffer.of(data.length) : Buffer.of(0xfe, 0, 0, 0)
  if (head.length === 4) head.writeUIntLE(data.length, 1, 3)
  const padding = (4 - ((head.length + data.length) % 4)) % 4
  return Buffer.concat([head, data, Buffer.alloc(padding)])
}
