import { createHash, createPublicKey } from 'node:crypto'

/** TL bytes of a number of 254 bytes and more, or of fewer. */
function tlBytes(value: Buffer): Buffer {
  const head =
    value.length < 254 ? Buffer.of(value.length) : Buffer.of(254, value.length & 0xff, value.length >> 8, 0)
  return Buffer.concat([head, value, Buffer.alloc(-(head.length + value.length) & 3)])
}

/** The signed fingerprint under which clients know an RSA key: of SHA-1 over n and e as TL bytes. */
export function fingerprintOf(pem: string): bigint {
  const { n = '', e = '' } = createPublicKey(pem).export({ format: 'jwk' })
  const data = Buffer.concat([tlBytes(Buffer.from(n, 'base64url')), tlBytes(Buffer.from(e, 'base64url'))])
  return createHash('sha1').update(data).digest().subarray(-8).readBigInt64LE()
}

/** The auth_key_id. */
export const keyIdOf = (key: Uint8Array): Buffer => createHash('sha1').update(key).digest().subarray(-8)
