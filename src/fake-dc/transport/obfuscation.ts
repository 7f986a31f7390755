import { createCipheriv, createDecipheriv } from 'node:crypto'

/** The 64 bytes with which an obfuscated connection begins. */
export const OBFUSCATION_HEADER = 64

/**
 * AES-CTR over the whole stream, keyed by the first 64 bytes (and their reverse for the way back);
 * no secret, only a disguise. `tag` names the framing inside.
 */
export class Obfuscation {
  readonly tag: number
  readonly #incoming: ReturnType<typeof createDecipheriv>
  readonly #outgoing: ReturnType<typeof createCipheriv>

  constructor(header: Buffer) {
    const reversed = header.subarray(8, 56).toReversed()
    this.#incoming = createDecipheriv('aes-256-ctr', header.subarray(8, 40), header.subarray(40, 56))
    this.#outgoing = createCipheriv('aes-256-ctr', reversed.subarray(0, 32), reversed.subarray(32, 48))
    this.tag = this.#incoming.update(header).readUInt32BE(56)
  }

  decrypt(bytes: Buffer): Buffer {
    return this.#incoming.update(bytes)
  }

  encrypt(bytes: Buffer): Buffer {
    return this.#outgoing.update(bytes)
  }
}
