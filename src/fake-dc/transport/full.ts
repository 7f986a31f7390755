import { crc32 } from 'node:zlib'
import { concat } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { type Framing, MAX_PACKET } from './framing.ts'

/** Length, number of the packet in its direction, packet, CRC-32 of all that. */
export class Full implements Framing {
  #received = 0
  #sent = 0

  parse(buffer: Buffer): { packet: Buffer; used: number } | null {
    if (buffer.length < 4) return null
    const used = buffer.readUInt32LE()
    if (used < 12 || used > MAX_PACKET) throw new ProtocolError('a packet has a bad length')
    if (buffer.length < used) return null
    if (crc32(buffer.subarray(0, used - 4)) !== buffer.readUInt32LE(used - 4))
      throw new ProtocolError('a packet has a wrong CRC')
    if (buffer.readUInt32LE(4) !== this.#received) throw new ProtocolError('a packet is out of sequence')
    this.#received++
    return { packet: buffer.subarray(8, used - 4), used }
  }

  frame(packet: Buffer): Buffer {
    const head = Buffer.alloc(8)
    head.writeUInt32LE(packet.length + 12)
    head.writeUInt32LE(this.#sent++, 4)
    const tail = Buffer.alloc(4)
    tail.writeUInt32LE(crc32(concat(head, packet)))
    return concat(head, packet, tail)
  }
}
