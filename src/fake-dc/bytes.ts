import { createHash } from 'node:crypto'

export const concat = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts)

export const sha1 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha1')
    .update(concat(...parts))
    .digest()

export const sha256 = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256')
    .update(concat(...parts))
    .digest()

/** a XOR b, as long as the shorter one. */
export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const out = Buffer.alloc(Math.min(a.length, b.length))
  for (let i = 0; i < out.length; i++) out[i] = (a[i] ?? 0) ^ (b[i] ?? 0)
  return out
}

/** An unsigned big-endian number. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** Big-endian and unsigned, left-padded with zeros to `length` bytes; without it as short as possible. */
export function fromBigInt(value: bigint, length?: number): Buffer {
  const hex = value.toString(16)
  return Buffer.from(
    hex.padStart(length === undefined ? hex.length + (hex.length % 2) : length * 2, '0'),
    'hex',
  )
}

export type RandomBytes = (count: number) => Buffer
