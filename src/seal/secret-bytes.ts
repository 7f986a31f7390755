import { bech32 } from '@scure/base'

/** How an age X25519 identity begins, in lower case: https://age-encryption.org/v1 */
export const IDENTITY_PREFIX = 'age-secret-key-'

/**
 * The 32 raw bytes of TGSESSION_KEY, from an age identity (AGE-SECRET-KEY-1…, any case) or 64 hex digits; null for
 * any other text.
 */
export function secretBytes(text: string): Uint8Array | null {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  try {
    const { prefix, bytes } = bech32.decodeToBytes(trimmed.toLowerCase())
    return prefix === IDENTITY_PREFIX && bytes.length === 32 ? bytes : null
  } catch {
    // Not bech32; what the decoder says may quote the text.
    return null
  }
}
