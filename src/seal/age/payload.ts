import { createCipheriv, createDecipheriv } from 'node:crypto'

/*
 * The payload of an age file: chunks of 64 KiB, each with a tag, whose nonces count them and mark the last one, so that
 * none can be cut off, left out or moved. Source: https://c2sp.org/age, "Payload".
 */

export const TAG_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES

/** `head` and then the sealed chunks, in one piece. `key` is used for nothing else. */
export function sealPayload(head: Uint8Array, plain: Uint8Array, key: Uint8Array): Uint8Array {
  const chunks = Math.max(1, Math.ceil(plain.length / CHUNK_BYTES))
  const sealed = Buffer.allocUnsafeSlow(head.length + plain.length + chunks * TAG_BYTES)
  sealed.set(head)
  for (let index = 0, at = head.length; index < chunks; index++) {
    const nonce = nonceOf(index, index === chunks - 1)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
    at += cipher.update(plain.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)).copy(sealed, at)
    cipher.final()
    at += cipher.getAuthTag().copy(sealed, at)
  }
  return sealed
}

/**
 * In place: what it gives lies where the chunks were, as twice the memory may be too much for a small dyno. Throws where
 * a chunk is not what was sealed, where it was sealed, or the last one is missing.
 */
export function openPayload(sealed: Uint8Array, key: Uint8Array): Uint8Array {
  const chunks = Math.max(1, Math.ceil(sealed.length / SEALED_BYTES))
  let at = 0
  for (let index = 0; index < chunks; index++) {
    const chunk = sealed.subarray(index * SEALED_BYTES, (index + 1) * SEALED_BYTES)
    // Only an empty file has an empty chunk.
    if (chunk.length < TAG_BYTES + (index > 0 ? 1 : 0)) throw new Error('the last chunk is too short')
    const nonce = nonceOf(index, index === chunks - 1)
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(chunk.subarray(-TAG_BYTES))
    const plain = decipher.update(chunk.subarray(0, -TAG_BYTES))
    decipher.final()
    sealed.set(plain, at)
    at += plain.length
  }
  return sealed.subarray(0, at)
}

/** Eleven bytes that count the chunks, and one that says whether it is the last. */
function nonceOf(index: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(index, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}
