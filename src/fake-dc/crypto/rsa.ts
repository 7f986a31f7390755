import {
  type KeyObject,
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
} from 'node:crypto'
import { concat, sha1, sha256, xor } from '../bytes.ts'
import { FakeDcError, ProtocolError } from '../errors.ts'
import { TlWriter } from '../tl/writer.ts'
import { decryptIge } from './ige.ts'

const SIZE = 256

/** The data centre's RSA key: 2048 bits, known to clients by the last 8 bytes of a SHA-1. */
export class ServerKey {
  readonly #privateKey: KeyObject
  /** PKCS#1, the form in which Telegram publishes its own keys. */
  readonly publicKeyPem: string
  /** The lower 64 bits of SHA-1 over n and e as TL bytes, as a signed number. */
  readonly fingerprint: bigint

  constructor(privateKey: KeyObject | string = usualKey()) {
    this.#privateKey = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey
    if (this.#privateKey.asymmetricKeyDetails?.modulusLength !== SIZE * 8)
      throw new FakeDcError('bad-key', 'privateKey must be an RSA key of 2048 bits')
    const publicKey = createPublicKey(this.#privateKey)
    this.publicKeyPem = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
    const numbers = new TlWriter()
      .bytes(Buffer.from(n, 'base64url'))
      .bytes(Buffer.from(e, 'base64url'))
      .finish()
    this.fingerprint = sha1(numbers).subarray(-8).readBigInt64LE()
  }

  /**
   * The data of req_DH_params, padded in either of two ways: RSA_PAD (today) or SHA-1 + data + random bytes
   * (until about 2021; Debian's Telethon still). What is returned may end in padding; `dataLength` tells how many
   * bytes of a candidate belong to the data, so that the old padding can be checked by its hash.
   * @throws ProtocolError when it is neither
   */
  decrypt(encrypted: Uint8Array, dataLength: (candidate: Buffer) => number): Buffer {
    if (encrypted.length !== SIZE) throw new ProtocolError('encrypted_data must have 256 bytes')
    const plain = this.#raw(encrypted)
    return unpad(plain) ?? unpadOld(plain, dataLength)
  }

  #raw(encrypted: Uint8Array): Buffer {
    try {
      return privateDecrypt({ key: this.#privateKey, padding: constants.RSA_NO_PADDING }, encrypted)
    } catch (error) {
      throw new ProtocolError('encrypted_data is no RSA block', { cause: error })
    }
  }
}

let madeKey: KeyObject | undefined

/** One for all data centres of this process, as Telegram's share theirs: making one takes about 80 ms. */
function usualKey(): KeyObject {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: SIZE * 8 }).privateKey
  return madeKey
}

/** RSA_PAD of core.telegram.org/mtproto/auth_key, undone; null when its hash does not fit. */
function unpad(plain: Buffer): Buffer | null {
  const aesEncrypted = plain.subarray(32)
  const tempKey = xor(plain.subarray(0, 32), sha256(aesEncrypted))
  const dataWithHash = decryptIge(aesEncrypted, tempKey, Buffer.alloc(32))
  const data = Buffer.from(dataWithHash.subarray(0, 192).toReversed())
  return sha256(tempKey, data).equals(dataWithHash.subarray(192)) ? data : null
}

function unpadOld(plain: Buffer, dataLength: (candidate: Buffer) => number): Buffer {
  const candidate = plain.subarray(21)
  const data = candidate.subarray(0, dataLength(candidate))
  if (plain[0] !== 0 || !sha1(data).equals(plain.subarray(1, 21)))
    throw new ProtocolError('the padding of encrypted_data is wrong')
  return concat(data)
}
