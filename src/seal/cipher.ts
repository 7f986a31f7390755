import { promisify } from 'node:util'
// As a whole: an older Node then comes as far as to say that it is too old.
import zlib from 'node:zlib'
import { BadDataError, ConfigurationError, safeCause } from '../base/errors.ts'
import { decrypt, encrypt } from './age/age.ts'
import { decodeArmor } from './age/header.ts'
import { recipientBytes, secretOf } from './key.ts'
import { framesOf, isFrame } from './frames.ts'
import { release } from './free.ts'

const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

const AGE_MAGIC = Buffer.from('age-encryption.org/')
const ARMOR_MAGIC = Buffer.from('-----BEGIN AGE ENCRYPTED FILE')
/** Nobody told how large it will be. */
const FOREIGN_PIECE_BYTES = 1024 * 1024

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

  /** The public key that it seals for; null: it leaves all readable; undefined: it cannot seal. */
  get sealsFor(): string | null | undefined {
    return this.#options.encryption === 'age' ? this.#options.recipient : null
  }

  /** Throws ConfigurationError (`key.missing`) where there is nothing to encrypt to. */
  async seal(plain: Uint8Array): Promise<Uint8Array> {
    const packed = await compress(plain, {
      params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 },
      // What zstd may need for bytes that cannot be packed; memory that is not written to costs nothing.
      chunkSize: inOnePiece(plain.length + (plain.length >> 8) + 1024),
    })
    if (this.#options.encryption === 'none') return packed
    if (this.#options.recipient === undefined) throw noKey('encrypt')
    const sealed = encrypt(packed, recipientBytes(this.#options.recipient))
    release(packed)
    return sealed
  }

  /**
   * Opens what `key` names, and uses `sealed` up: it is decrypted in place, and empty afterwards. Unpacking stops at
   * `maxBytes`. Throws ConfigurationError (`key.missing`, `key.wrong`) or BadDataError (`revision.corrupt`).
   */
  async open(key: string, sealed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const packed = key.endsWith('.age') ? this.#decrypt(withoutArmor(sealed)) : sealed
    const plain = await unpack(packed, maxBytes, inOnePiece(maxBytes))
    release(sealed)
    return plain
  }

  /**
   * A session file that was made without us: as it is, or encrypted with age (armored too), or packed with zstd, or
   * both. Uses it up and throws as `open`.
   */
  async openForeign(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const plain = this.#decryptForeign(bytes)
    return isFrame(plain) ? await unpack(plain, maxBytes, FOREIGN_PIECE_BYTES) : plain
  }

  #decryptForeign(bytes: Uint8Array): Uint8Array {
    return startsWith(bytes, AGE_MAGIC) || isArmored(bytes) ? this.#decrypt(withoutArmor(bytes)) : bytes
  }

  #decrypt(sealed: Uint8Array): Uint8Array {
    const { identities } = this.#options
    if (identities.length === 0) throw noKey('decrypt')
    const plain = attempt('it does not decrypt', () => decrypt(sealed, identities.map(secretOf)))
    if (plain) return plain
    throw new ConfigurationError(
      'key.wrong',
      'TGSESSION_KEY does not open this session: it was encrypted for another key',
      {
        hint: 'Use the TGSESSION_KEY of the host that saved it, or give it as TGSESSION_KEY_PREVIOUS. Nothing is lost, and no login is needed.',
      },
    )
  }
}

/** Pieces of zlib's default size take a large file four times as long, and twice its memory to join them. */
const inOnePiece = (bytes: number): number => Math.max(bytes, 64)

/** Of all frames together: a few bytes may stand for gigabytes. */
async function unpack(packed: Uint8Array, maxBytes: number, pieceBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let leftBytes = maxBytes
  try {
    const frames = framesOf(packed)
    const chunkSize = frames.length === 1 ? pieceBytes : Math.min(pieceBytes, FOREIGN_PIECE_BYTES)
    for (const frame of frames) {
      const part = await decompress(frame, { maxOutputLength: Math.max(leftBytes, 1), chunkSize })
      leftBytes -= part.length
      if (leftBytes < 0) throw new RangeError('the frames hold more than they may')
      parts.push(part)
    }
  } catch (error) {
    throw corrupt('it does not unpack', error)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

/** `age -a` writes letters; blanks may come before them. */
function isArmored(bytes: Uint8Array): boolean {
  // Used up: `open` took it before.
  if (bytes.length === 0) return false
  let begin = 0
  while ((bytes[begin] ?? Infinity) <= 0x20) begin++
  return startsWith(bytes.subarray(begin), ARMOR_MAGIC)
}

function withoutArmor(bytes: Uint8Array): Uint8Array {
  return isArmored(bytes) ? attempt('its armor is broken', () => decodeArmor(bytes)) : bytes
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw corrupt(what, error)
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
