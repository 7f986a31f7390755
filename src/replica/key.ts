import { bech32 } from '@scure/base'
import { identityToRecipient } from 'age-encryption'
import { ConfigurationError } from '../errors.ts'
import { IDENTITY_PREFIX, secretBytes } from './secret-bytes.ts'

const EXAMPLE = 'Make one with `tgsession keygen`; on Heroku the button makes 64 hex digits by itself.'

/**
 * TGSESSION_KEY as an age X25519 identity. Accepts the identity itself (AGE-SECRET-KEY-1…, any case) or 64 hex
 * digits, which are its 32 raw bytes. Throws ConfigurationError (`key.malformed`) that names `variable` and never
 * repeats the text.
 */
export function parseKey(text: string, variable = 'TGSESSION_KEY'): string {
  const bytes = secretBytes(text)
  if (bytes) return bech32.encodeFromBytes(IDENTITY_PREFIX, bytes).toUpperCase()
  throw new ConfigurationError(
    'key.malformed',
    `${variable} is neither AGE-SECRET-KEY-1… nor 64 hex digits`,
    {
      hint: EXAMPLE,
    },
  )
}

/** The public half of a key: enough to encrypt, useless to decrypt. */
export async function recipientOf(identity: string): Promise<string> {
  return identityToRecipient(identity)
}

/** Checks TGSESSION_RECIPIENT (age1…). Throws ConfigurationError (`recipient.malformed`). */
export function parseRecipient(text: string): string {
  const trimmed = text.trim().toLowerCase()
  try {
    const { prefix, bytes } = bech32.decodeToBytes(trimmed)
    if (prefix === 'age' && bytes.length === 32) return trimmed
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
