import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { BadDataError, ConfigurationError } from '../../base/errors.ts'
import { secretBytes } from '../../seal/secret-bytes.ts'

/** How a sealed key begins. A plain one has 256 bytes, and a sealed one more: neither is taken for the other. */
const HEADER = Buffer.from('tgs1')
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 256
const SEALED_BYTES = HEADER.length + NONCE_BYTES + TAG_BYTES + KEY_BYTES

/**
 * Encrypts auth keys for one container: AES-256-GCM under a key that HKDF-SHA256 derives from the 32 bytes of
 * TGSESSION_KEY. Session and purpose are the associated data, so that a key that was moved to another row is refused.
 * Layout: "tgs1", 12 bytes nonce, 16 bytes tag, 256 bytes ciphertext.
 */
export class KeySeal {
  /** The first one seals, any of them may open. */
  readonly #keys: Uint8Array[]
  readonly #plain: boolean

  /**
   * `key`: TGSESSION_KEY in either of its forms, or its 32 bytes. `plainKeys`: write keys as Python reads them.
   * `previous`: former keys, which still open what they sealed. Throws `ConfigurationError`: `container.no_key`, `container.bad_key`.
   */
  constructor(
    key: string | Uint8Array | undefined,
    plainKeys: boolean,
    previous: readonly (string | Uint8Array)[] = [],
  ) {
    if (key === undefined && !plainKeys)
      throw new ConfigurationError('container.no_key', 'the container has no key to encrypt auth keys with', {
        hint: 'Pass the TGSESSION_KEY as key, or { plainKeys: true } to keep them readable for Python.',
      })
    const all = key === undefined ? previous : [key, ...previous]
    this.#keys = all.map((one) => new Uint8Array(hkdfSync('sha256', secretOf(one), '', INFO, 32)))
    this.#plain = plainKeys
  }

  /** `purpose` is `home`, or the number of another data centre. */
  seal(authKey: Uint8Array, id: string, purpose: string): Uint8Array {
    const [key] = this.#keys
    if (this.#plain || key === undefined) return authKey
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context(id, purpose))
    const body = Buffer.concat([cipher.update(authKey), cipher.final()])
    return Buffer.concat([HEADER, nonce, cipher.getAuthTag(), body])
  }

  /**
   * Undefined for no key. Throws `BadDataError` (`container.damaged_key`, `container.wrong_key`) and
   * `ConfigurationError` (`container.no_key`).
   */
  open(stored: Uint8Array | null, id: string, purpose: string): Uint8Array | undefined {
    if (stored === null || stored.length === 0) return undefined
    if (isPlain(stored)) return Uint8Array.from(stored)
    const bytes = Buffer.from(stored)
    if (bytes.length !== SEALED_BYTES || !bytes.subarray(0, HEADER.length).equals(HEADER))
      throw new BadDataError(
        'container.damaged_key',
        `the auth key of ${id} has neither form that is known`,
        {
          hint: 'Restore the row from a backup, or log in again.',
        },
      )
    if (this.#keys.length === 0)
      throw new ConfigurationError('container.no_key', `the auth key of ${id} is encrypted`, {
        hint: 'Pass the TGSESSION_KEY with which it was stored.',
      })
    for (const key of this.#keys) {
      const opened = unseal(bytes, key, context(id, purpose))
      if (opened !== undefined) return opened
    }
    throw new BadDataError('container.wrong_key', `the auth key of ${id} cannot be decrypted`, {
      hint: 'TGSESSION_KEY is another one than the one it was stored with (which TGSESSION_KEY_PREVIOUS may name), or the row was changed or moved.',
    })
  }
}

/** Whether it is a key as Python writes it. */
function isPlain(stored: Uint8Array | undefined): boolean {
  return stored?.length === KEY_BYTES
}

/** Undefined where it was sealed with another key, or is not what was sealed. */
function unseal(sealed: Buffer, key: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
  const tagAt = HEADER.length + NONCE_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(HEADER.length, tagAt))
  decipher.setAAD(associated).setAuthTag(sealed.subarray(tagAt, tagAt + TAG_BYTES))
  try {
    const opened = decipher.update(sealed.subarray(tagAt + TAG_BYTES))
    decipher.final()
    return Uint8Array.from(opened)
  } catch {
    return undefined
  }
}

const INFO = 'tgsession container auth_key v1'

function context(id: string, purpose: string): Uint8Array {
  return Buffer.from(`${purpose}\0${id}`)
}

function secretOf(key: string | Uint8Array): Uint8Array {
  const bytes = key instanceof Uint8Array ? key : secretBytes(key)
  if (bytes?.length === 32) return bytes
  throw new ConfigurationError(
    'container.bad_key',
    'the key is neither AGE-SECRET-KEY-1…, nor 64 hex digits, nor 32 bytes',
    {
      hint: 'Make one with `tgsession keygen`.',
    },
  )
}
