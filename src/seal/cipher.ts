import { createHash } from 'node:crypto'
import { BadDataError, ConfigurationError, safeCause, UnsupportedError } from '../base/errors.ts'
import { decrypt, encrypt } from './age/age.ts'
import { decodeArmor } from './age/header.ts'
import { recipientBytes, recipientOf, secretOf } from './key.ts'
import { isFrame } from './frames.ts'
import { release } from './free.ts'
import { FOREIGN_PIECE_BYTES, opensTo, pack, unpack } from './zstd.ts'

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

  /** What the key of a sealed object ends with: a whole file's, or a patch's. */
  suffix(kind: 'whole' | 'patch' = 'whole'): string {
    const packed = kind === 'whole' ? '.session.zst' : '.session.patch.zst'
    return this.#options.encryption === 'age' ? `${packed}.age` : packed
  }

  /** The public key that it seals for; null: it leaves all readable; undefined: it cannot seal. */
  get sealsFor(): string | null | undefined {
    return this.#options.encryption === 'age' ? this.#options.recipient : null
  }

  /** Packs and encrypts. Throws as `pack` and `encrypt`. */
  async seal(plain: Uint8Array): Promise<Uint8Array> {
    const packed = await this.pack(plain)
    const sealed = this.encrypt(packed)
    if (sealed !== packed) release(packed)
    return sealed
  }

  /** Packed and opened again. Throws UnsupportedError (`runtime.unsound`) if that gave anything else. */
  async pack(plain: Uint8Array): Promise<Uint8Array> {
    const packed = await pack(plain)
    if (!(await opensTo(packed, plain))) throw unsound()
    return packed
  }

  /**
   * What was packed, encrypted, and opened again if its key is here.
   *
   * @throws ConfigurationError `key.missing` if there is nothing to encrypt to
   * @throws UnsupportedError `runtime.unsound`
   */
  encrypt(packed: Uint8Array): Uint8Array {
    const { encryption, recipient, identities } = this.#options
    if (encryption === 'none') return packed
    if (recipient === undefined) throw noKey('encrypt')
    const sealed = encrypt(packed, recipientBytes(recipient))
    const identity = identities.find((one) => recipientOf(one) === recipient)
    if (identity !== undefined) {
      const copy = Buffer.from(sealed)
      const opened = decrypt(copy, [secretOf(identity)])
      if (!opened || digest(opened) !== digest(packed)) throw unsound()
      release(copy)
    }
    return sealed
  }

  /**
   * Opens what `key` names, and uses `sealed` up: it is decrypted in place, and empty afterwards. Unpacking stops at
   * `maxBytes`. Throws ConfigurationError (`key.missing`, `key.wrong`) or BadDataError (`revision.corrupt`).
   */
  async open(key: string, sealed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const plain = await this.unpack(this.decrypt(key, sealed), maxBytes)
    release(sealed)
    return plain
  }

  /** Decrypts in place what `key` names; what comes out is packed. Throws as `open`. */
  decrypt(key: string, sealed: Uint8Array): Uint8Array {
    return key.endsWith('.age') ? this.#decrypt(withoutArmor(sealed)) : sealed
  }

  /** Opens what was decrypted, a patch with what it is a patch of. Throws BadDataError (`revision.corrupt`). */
  async unpack(packed: Uint8Array, maxBytes: number, base?: Uint8Array): Promise<Uint8Array> {
    try {
      return await unpack(packed, maxBytes, { base })
    } catch (error) {
      throw corrupt('it does not unpack', error)
    }
  }

  /**
   * A session file that was made without us: as it is, or encrypted with age (armored too), or packed with zstd, or
   * both. Uses it up and throws as `open`.
   */
  async openForeign(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
    const plain = this.#decryptForeign(bytes)
    if (!isFrame(plain)) return plain
    try {
      return await unpack(plain, maxBytes, { pieceBytes: FOREIGN_PIECE_BYTES })
    } catch (error) {
      throw corrupt('it does not unpack', error)
    }
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

function noKey(what: 'encrypt' | 'decrypt'): ConfigurationError {
  const hint =
    what === 'encrypt'
      ? 'Make one with `tgsession keygen` and set it on every host of this session; TGSESSION_ENCRYPTION=none stores it readable.'
      : 'Set the one that it was saved with; a new one cannot open it.'
  return new ConfigurationError(
    'key.missing',
    `TGSESSION_KEY is needed to ${what} the session, and is not set`,
    { hint },
  )
}

function corrupt(what: string, error: unknown): BadDataError {
  return new BadDataError('revision.corrupt', `the stored session is damaged: ${what}`, {
    hint: 'An older one may be sound: `tgsession run` takes it by itself, if it holds the same key; `tgsession history` lists all.',
    cause: safeCause(error),
  })
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function unsound(): UnsupportedError {
  return new UnsupportedError(
    'runtime.unsound',
    'what was packed does not open again on this machine; nothing was stored',
    {
      hint: 'Its memory or its Node.js is faulty. Run it on another machine; what is stored already is untouched.',
    },
  )
}
