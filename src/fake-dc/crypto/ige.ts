import { createCipheriv, createDecipheriv } from 'node:crypto'

const BLOCK = 16

function xorInto(target: Buffer, a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): void {
  for (let i = 0; i < BLOCK; i++) target[i] = (a[aAt + i] ?? 0) ^ (b[bAt + i] ?? 0)
}

/**
 * AES-256 in infinite garble extension mode: c[i] = E(p[i] ^ c[i-1]) ^ p[i-1]; the first half of the 32-byte
 * iv is c[-1], the second p[-1]. `data` is a whole number of blocks.
 */
export function encryptIge(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  const out = Buffer.alloc(data.length)
  const block = Buffer.alloc(BLOCK)
  for (let at = 0; at < data.length; at += BLOCK) {
    if (at === 0) xorInto(block, data, at, iv, 0)
    else xorInto(block, data, at, out, at - BLOCK)
    const encrypted = cipher.update(block)
    if (at === 0) xorInto(block, encrypted, 0, iv, BLOCK)
    else xorInto(block, encrypted, 0, data, at - BLOCK)
    block.copy(out, at)
  }
  return out
}

/** The inverse of {@link encryptIge}. */
export function decryptIge(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  const out = Buffer.alloc(data.length)
  const block = Buffer.alloc(BLOCK)
  for (let at = 0; at < data.length; at += BLOCK) {
    if (at === 0) xorInto(block, data, at, iv, BLOCK)
    else xorInto(block, data, at, out, at - BLOCK)
    const decrypted = decipher.update(block)
    if (at === 0) xorInto(block, decrypted, 0, iv, 0)
    else xorInto(block, decrypted, 0, data, at - BLOCK)
    block.copy(out, at)
  }
  return out
}
