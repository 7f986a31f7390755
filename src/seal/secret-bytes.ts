import { bech32 } from '@scure/base'
import { undressToken } from '../base/input.ts'

/** How an age X25519 identity begins, in lower case: https://age-encryption.org/v1 */
export const IDENTITY_PREFIX = 'age-secret-key-'

/**
 * The 32 raw bytes of TGSESSION_KEY, from an age identity (AGE-SECRET-KEY-1…, any case), the file that age-keygen writes, 64
 * hex digits, or 32 bytes in base64 (what some hosts generate); null for any other text.
 */
export function secretBytes(text: string): Uint8Array | null {
  const [identity = text, ...others] = text.match(/AGE-SECRET-KEY-1[0-9A-Z]+/gi) ?? []
  const bare = undressToken(others.length === 0 ? identity : text)
  if (/^[0-9a-f]{64}$/i.test(bare)) return Buffer.from(bare, 'hex')
  if (/^[\w+/-]{43}=?$/.test(bare)) return Buffer.from(bare, 'base64')
  try {
    const { prefix, bytes } = bech32.decodeToBytes(bare.toLowerCase())
    return prefix === IDENTITY_PREFIX && bytes.length === 32 ? bytes : null
  } catch {
    // Not bech32; what the decoder says may quote the text.
    return null
  }
}
