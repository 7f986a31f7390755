import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { armor, Decrypter, Encrypter } from 'age-encryption'
import { BadDataError, ConfigurationError, safeCause, TgsessionError } from '../errors.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

const ZSTD_MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd)
const AGE_MAGIC = Buffer.from('age-encryption.org/')
const ARMOR_MAGIC = Buffer.from('-----BEGIN AGE ENCRYPTED FILE')

/**
 * A plain file to what lies in the store and back: zstd, then age, so that `age -d -i KEY FILE | zstd -d` opens
 * it anywhere. `encryption: 'none'` leaves age out.
 */
export interface CipherOptions {
  encryption: 'age' | 'none'
  /** Identities that may decrypt. */
  identities: string[]
  /** Encrypts to this one. */
  recipient?: string | undefined
}

export class Cipher {
  readonly #options: CipherOptions

  constructor(options: CipherOptions) {
    this.#options = options
  }

  /** What the key of a sealed object ends with. */
  get suffix(): string {
    return this.#options.encryption === 'age' ? '.session.zst.age' : '.session.zst'
  }

  /** Throws ConfigurationError (`key.missing`) where there is nothing to encrypt to. */
  async seal(plain: Uint8Array): Promise<Uint8Array> {
    const packed = await compress(plain, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
    if (this.#options.encryption === 'none') return packed
    if (this.#options.recipient === undefined) throw noKey('encrypt')
    const encrypter = new Encrypter()
    encrypter.addRecipient(this.#options.recipient)
    return await encrypter.encrypt(packed)
  }

  /**
   * Opens what `key` names; unpacking stops at `maxBytes`. Throws ConfigurationError (`key.missing`, `key.wrong`)
   * or BadDataError (`revision.corrupt`).
   */
  async open(key: string, sealed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const packed = key.endsWith('.age') ? await this.#decrypt(sealed) : sealed
    try {
      return await decompress(packed, { maxOutputLength: maxBytes })
    } catch (error) {
      throw corrupt('it does not unpack', error)
    }
  }

  /**
   * A session file that was made without us: as it is, or encrypted with age (armored too), or packed with zstd, or
   * both. Throws as `open`.
   */
  async openForeign(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const plain = await this.#decryptForeign(bytes)
    if (!startsWith(plain, ZSTD_MAGIC)) return plain
    return await this.open('', plain, maxBytes)
  }

  async #decryptForeign(bytes: Uint8Array): Promise<Uint8Array> {
    if (startsWith(bytes, AGE_MAGIC)) return await this.#decrypt(bytes)
    if (!startsWith(bytes, ARMOR_MAGIC)) return bytes
    try {
      return await this.#decrypt(armor.decode(new TextDecoder().decode(bytes)))
    } catch (error) {
      if (error instanceof TgsessionError) throw error
      throw corrupt('its armor is broken', error)
    }
  }

  async #decrypt(sealed: Uint8Array): Promise<Uint8Array> {
    if (this.#options.identities.length === 0) throw noKey('decrypt')
    const decrypter = new Decrypter()
    for (const identity of this.#options.identities) decrypter.addIdentity(identity)
    try {
      return await decrypter.decrypt(sealed)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('no identity matched'))
        throw new ConfigurationError(
          'key.wrong',
          'TGSESSION_KEY does not open this session: it was encrypted for another key',
          {
            hint: 'Use the TGSESSION_KEY of the host that saved it, or give it as TGSESSION_KEY_PREVIOUS. Nothing is lost, and no login is needed.',
          },
        )
      throw corrupt('it does not decrypt', error)
    }
  }
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, magic.length), magic) === 0
}

function noKey(what: string): ConfigurationError {
  return new ConfigurationError(
    'key.missing',
    `TGSESSION_KEY is needed to ${what} the session, and is not set`,
    {
      hint: 'Make one with `tgsession keygen` and set it on every host of this session; TGSESSION_ENCRYPTION=none stores it readable.',
    },
  )
}

function corrupt(what: string, error: unknown): BadDataError {
  return new BadDataError('revision.corrupt', `the stored session is damaged: ${what}`, {
    hint: 'An older one may be sound: `tgsession run` takes it by itself, if it holds the same key; `tgsession history` lists all.',
    cause: safeCause(error),
  })
}
