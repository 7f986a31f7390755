import { type RandomBytes, concat } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { type Framing, MAX_PACKET } from './framing.ts'

/** Length in four bytes; the padded form adds up to 15 random bytes, which the message layer cuts off. */
export class Intermediate implements Framing {
  readonly #padding: RandomBytes | null

  constructor(padding: RandomBytes | null = null) {
    this.#padding = padding
  }

  parse(buffer: Buffer): { packet: Buffer; used: number } | null {
    if (buffer.length < 4) return null
    const length = buffer.readUInt32LE() & 0x7fff_ffff
    if (length > MAX_PACKET) throw new ProtocolError('a packet is too long')
    const used = 4 + length
    return buffer.length < used ? null : { packet: buffer.subarray(4, used), used }
  }

  frame(packet: Buffer): Buffer {
    const padding = this.#padding ? this.#padding((this.#padding(1)[0] ?? 0) % 16) : Buffer.alloc(0)
    const head = Buffer.alloc(4)
    head.writeUInt32LE(packet.length + padding.length)
    return concat(head, packet, padding)
  }
}
