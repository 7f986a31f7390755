import { concat, sha1 } from '../bytes.ts'
import { decryptIge } from './ige.ts'

/** Random bytes, message id, number, length: what comes before the message itself. */
const HEAD = 32

export interface BindMessage {
  messageId: bigint
  body: Buffer
}

/**
 * What auth.bindTempAuthKey carries, encrypted with the permanent key as MTProto 1.0 did
 * (core.telegram.org/method/auth.bindTempAuthKey); null when it was encrypted with another key.
 */
export function openBindMessage(authKey: Buffer, sealed: Buffer): BindMessage | null {
  const messageKey = sealed.subarray(8, 24)
  const encrypted = sealed.subarray(24)
  if (encrypted.length <= HEAD || encrypted.length % 16 !== 0) return null
  const part = (from: number, length: number): Buffer => authKey.subarray(from, from + length)
  const a = sha1(messageKey, part(0, 32))
  const b = sha1(part(32, 16), messageKey, part(48, 16))
  const c = sha1(part(64, 32), messageKey)
  const d = sha1(messageKey, part(96, 32))
  const aesKey = concat(a.subarray(0, 8), b.subarray(8, 20), c.subarray(4, 16))
  const aesIv = concat(a.subarray(8, 20), b.subarray(0, 8), c.subarray(16, 20), d.subarray(0, 8))
  const plain = decryptIge(encrypted, aesKey, aesIv)
  const end = HEAD + plain.readInt32LE(28)
  if (end < HEAD || end > plain.length) return null
  if (!sha1(plain.subarray(0, end)).subarray(4, 20).equals(messageKey)) return null
  return { messageId: plain.readBigInt64LE(16), body: plain.subarray(HEAD, end) }
}
