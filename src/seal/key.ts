import { hkdfSync } from 'node:crypto'
import { bech32 } from '@scure/base'
import { ConfigurationError } from '../base/errors.ts'
import { keyLikeness, undressToken } from '../base/input.ts'
import { publicOf } from './age/age.ts'
import { IDENTITY_PREFIX, secretBytes } from './secret-bytes.ts'

/** How an age X25519 recipient begins: https://age-encryption.org/v1 */
const RECIPIENT_PREFIX = 'age'
const EXAMPLE = 'Make one with `tgsession keygen`; on Heroku the button makes 64 hex digits by itself.'

/**
 * TGSESSION_KEY as an age X25519 identity. Accepts the identity itself (AGE-SECRET-KEY-1…, any case), the file that
 * age-keygen writes, and its 32 raw bytes as 64 hex digits or in base64. Throws ConfigurationError (`key.malformed`) that names `variable` and never
 * repeats the text.
 */
export function parseKey(text: string, variable = 'TGSESSION_KEY'): string {
  const bytes = secretBytes(text)
  if (bytes) return bech32.encodeFromBytes(IDENTITY_PREFIX, bytes).toUpperCase()
  const found = keyLikeness(text)
  const what = found === undefined ? '' : `; it looks like ${found}`
  throw new ConfigurationError(
    'key.malformed',
    `${variable} is neither AGE-SECRET-KEY-1… nor 64 hex digits nor 32 bytes in base64${what}`,
    { hint: EXAMPLE },
  )
}

/** The public half of a key: enough to encrypt, useless to decrypt. */
export function recipientOf(identity: string): string {
  return bech32.encodeFromBytes(RECIPIENT_PREFIX, publicOf(secretOf(identity)))
}

/** Distinguishes phone numbers in the store; it decrypts nothing. */
export function guardKey(identity: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretOf(identity), '', 'tgsession: phone numbers of logins', 32))
}

/** The 32 bytes of an identity that `parseKey` gave. */
export function secretOf(identity: string): Uint8Array {
  const secret = secretBytes(identity)
  if (secret === null) throw new TypeError('this is no age identity')
  return secret
}

/** The 32 bytes of a recipient that `parseRecipient` or `recipientOf` gave. */
export function recipientBytes(recipient: string): Uint8Array {
  return bech32.decodeToBytes(recipient).bytes
}

/** Checks TGSESSION_RECIPIENT (age1…). Throws ConfigurationError (`recipient.malformed`). */
export function parseRecipient(text: string): string {
  const trimmed = undressToken(text).toLowerCase()
  try {
    const { prefix, bytes } = bech32.decodeToBytes(trimmed)
    if (prefix === RECIPIENT_PREFIX && bytes.length === 32) return trimmed
  } catch {
    // Told below.
  }
  throw new ConfigurationError(
    'recipient.malformed',
    'TGSESSION_RECIPIENT is not an age public key (age1…)',
    {
      hint: '`tgsession keygen --recipient` prints the one that belongs to TGSESSION_KEY.',
    },
  )
}
