import { concat } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { type Framing, MAX_PACKET } from './framing.ts'

/** Length in words, in one byte or (after 7f) in three. The high bit asks for a quick ack, which is optional. */
export class Abridged implements Framing {
  parse(buffer: Buffer): { packet: Buffer; used: number } | null {
    const first = buffer[0]
    if (first === undefined) return null
    const short = first & 0x7f
    const head = short < 0x7f ? 1 : 4
    if (buffer.length < head) return null
    const length = 4 * (head === 1 ? short : buffer.readUIntLE(1, 3))
    if (length > MAX_PACKET) throw new ProtocolError('a packet is too long')
    const used = head + length
    return buffer.length < used ? null : { packet: buffer.subarray(head, used), used }
  }

  frame(packet: Buffer): Buffer {
    const words = packet.length / 4
    if (words < 0x7f) return concat(Buffer.of(words), packet)
    const head = Buffer.of(0x7f, 0, 0, 0)
    head.writeUIntLE(words, 1, 3)
    return concat(head, packet)
  }
}
