import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { decode64, encode64, parseHeader, type Stanza, textOf } from './header.ts'
import { openPayload, sealPayload, TAG_BYTES } from './payload.ts'

/*
 * The age file format for X25519 keys, on Node's own cryptography: the same files as `age` itself writes and reads, ten
 * times faster than in pure JavaScript, and nothing to load. Source: https://c2sp.org/age, which our tests hold it to by
 * that project's own test vectors.
 */

const FILE_KEY_BYTES = 16
const NONCE_BYTES = 16
/** A wrapping key is used once. */
const NO_NONCE = new Uint8Array(12)
/** What DER puts before the 32 bytes of an X25519 key: RFC 8410, sections 4 and 7. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

/** Encrypts to the 32 bytes of an X25519 public key. */
export function encrypt(plain: Uint8Array, recipient: Uint8Array): Uint8Array {
  const fileKey = randomBytes(FILE_KEY_BYTES)
  const header = textOf([wrap(fileKey, recipient)])
  const mac = encode64(macOf(fileKey, Buffer.from(header)))
  const nonce = randomBytes(NONCE_BYTES)
  const head = Buffer.concat([Buffer.from(`${header} ${mac}\n`), nonce])
  return sealPayload(head, plain, derive(fileKey, nonce, 'payload'))
}

/**
 * Decrypts with any of these secrets (each the 32 bytes of an X25519 private key), in place: `sealed` is overwritten,
 * and what it gives lies there. Null where the file is for none of them. Throws an Error, whose message holds nothing of the file, where it is damaged or no age file.
 */
export function decrypt(sealed: Uint8Array, secrets: readonly Uint8Array[]): Uint8Array | null {
  const { stanzas, mac, signedBytes, bytes } = parseHeader(sealed)
  const fileKey = unwrapAny(stanzas, secrets)
  if (fileKey === null) return null
  const expected = macOf(fileKey, sealed.subarray(0, signedBytes))
  if (!timingSafeEqual(expected, mac)) throw new Error('the MAC of the header is wrong')
  const nonce = sealed.subarray(bytes, bytes + NONCE_BYTES)
  if (nonce.length < NONCE_BYTES) throw new Error('there is no payload')
  return openPayload(sealed.subarray(bytes + NONCE_BYTES), derive(fileKey, nonce, 'payload'))
}

/** The public half of the 32 bytes of an X25519 private key. */
export function publicOf(secret: Uint8Array): Uint8Array {
  return publicBytes(createPublicKey(privateKey(secret)))
}

function wrap(fileKey: Uint8Array, recipient: Uint8Array): Stanza {
  const once = generateKeyPairSync('x25519')
  const share = publicBytes(once.publicKey)
  const key = wrappingKey(once.privateKey, publicKey(recipient), share, recipient)
  const cipher = createCipheriv('chacha20-poly1305', key, NO_NONCE, { authTagLength: TAG_BYTES })
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
  return { args: ['X25519', encode64(share)], body }
}

function unwrapAny(stanzas: readonly Stanza[], secrets: readonly Uint8Array[]): Uint8Array | null {
  for (const stanza of stanzas) {
    if (stanza.args[0] !== 'X25519') continue
    const share = decode64(stanza.args[1] ?? '')
    if (stanza.args.length !== 2 || share.length !== 32 || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES)
      throw new Error('an X25519 stanza is malformed')
    for (const secret of secrets) {
      const fileKey = unwrap(stanza.body, share, secret)
      if (fileKey !== null) return fileKey
    }
  }
  return null
}

function unwrap(body: Uint8Array, share: Uint8Array, secret: Uint8Array): Uint8Array | null {
  const key = wrappingKey(privateKey(secret), publicKey(share), share, publicOf(secret))
  const decipher = createDecipheriv('chacha20-poly1305', key, NO_NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES))
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES))
  try {
    decipher.final()
    return fileKey
  } catch {
    // It was wrapped for another key.
    return null
  }
}

/** Throws for a point of low order, as the format asks: OpenSSL refuses a shared secret that is all zero. */
function wrappingKey(own: KeyObject, other: KeyObject, share: Uint8Array, recipient: Uint8Array): Uint8Array {
  const shared = diffieHellman({ privateKey: own, publicKey: other })
  return derive(shared, Buffer.concat([share, recipient]), 'age-encryption.org/v1/X25519')
}

function macOf(fileKey: Uint8Array, header: Uint8Array): Buffer {
  return createHmac('sha256', derive(fileKey, '', 'header'))
    .update(header)
    .digest()
}

function derive(secret: Uint8Array, salt: Uint8Array | string, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 32))
}

function privateKey(bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, bytes]), format: 'der', type: 'pkcs8' })
}

function publicKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, bytes]), format: 'der', type: 'spki' })
}

function publicBytes(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_PREFIX.length)
}
