import { type RandomBytes, concat, sha256 } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { decryptIge, encryptIge } from './ige.ts'

/** The side that encrypts: the two directions take their keys from different places of the auth key. */
const OFFSET = { client: 0, server: 8 }
export type Direction = keyof typeof OFFSET

const HEADER = 24

function messageKey(authKey: Buffer, direction: Direction, plain: Uint8Array): Buffer {
  const at = 88 + OFFSET[direction]
  return sha256(authKey.subarray(at, at + 32), plain).subarray(8, 24)
}

function aesKey(authKey: Buffer, direction: Direction, msgKey: Uint8Array): { key: Buffer; iv: Buffer } {
  const x = OFFSET[direction]
  const a = sha256(msgKey, authKey.subarray(x, x + 36))
  const b = sha256(authKey.subarray(x + 40, x + 76), msgKey)
  return {
    key: concat(a.subarray(0, 8), b.subarray(8, 24), a.subarray(24, 32)),
    iv: concat(b.subarray(0, 8), a.subarray(8, 24), b.subarray(24, 32)),
  }
}

/** MTProto 2.0 (core.telegram.org/mtproto/description): auth_key_id, msg_key, encrypted data. */
export function encryptMessage(
  authKey: Buffer,
  keyId: Uint8Array,
  plain: Uint8Array,
  direction: Direction,
  randomBytes: RandomBytes,
): Buffer {
  const padding = 12 + ((16 - ((plain.length + 12) % 16)) % 16)
  const padded = concat(plain, randomBytes(padding))
  const msgKey = messageKey(authKey, direction, padded)
  const { key, iv } = aesKey(authKey, direction, msgKey)
  return concat(keyId, msgKey, encryptIge(padded, key, iv))
}

/**
 * The plain text of a packet, with its padding. Padding that the transport added behind it is cut off.
 * @throws ProtocolError when msg_key does not match
 */
export function decryptMessage(authKey: Buffer, packet: Buffer, direction: Direction): Buffer {
  const whole = packet.length - ((packet.length - HEADER) % 16)
  if (whole < HEADER + 48) throw new ProtocolError('an encrypted message is too short')
  const msgKey = packet.subarray(8, HEADER)
  const { key, iv } = aesKey(authKey, direction, msgKey)
  const plain = decryptIge(packet.subarray(HEADER, whole), key, iv)
  if (!messageKey(authKey, direction, plain).equals(msgKey)) throw new ProtocolError('msg_key does not match')
  return plain
}
