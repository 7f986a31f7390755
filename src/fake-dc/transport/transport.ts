import { type RandomBytes, concat } from '../bytes.ts'
import { ProtocolError } from '../errors.ts'
import { Abridged } from './abridged.ts'
import type { Framing } from './framing.ts'
import { Full } from './full.ts'
import { Intermediate } from './intermediate.ts'
import { OBFUSCATION_HEADER, Obfuscation } from './obfuscation.ts'

const HTTP = ['GET ', 'POST', 'HEAD', 'OPTI']

/** One TCP stream: finds out the client's transport from its first bytes, and uses the same. */
export class Transport {
  readonly #randomBytes: RandomBytes
  #buffer: Buffer = Buffer.alloc(0)
  #framing: Framing | null = null
  #obfuscation: Obfuscation | null = null

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes
  }

  /** The packets that `chunk` made whole. @throws ProtocolError when the stream is no MTProto */
  receive(chunk: Buffer): Buffer[] {
    this.#buffer = concat(this.#buffer, this.#obfuscation?.decrypt(chunk) ?? chunk)
    this.#framing ??= this.#detect()
    const packets: Buffer[] = []
    for (let next = this.#framing?.parse(this.#buffer); next; next = this.#framing?.parse(this.#buffer)) {
      packets.push(next.packet)
      this.#buffer = this.#buffer.subarray(next.used)
    }
    return packets
  }

  /** Null as long as nothing is known of the client. */
  frame(packet: Buffer): Buffer | null {
    const framed = this.#framing?.frame(packet)
    return framed === undefined ? null : (this.#obfuscation?.encrypt(framed) ?? framed)
  }

  #detect(): Framing | null {
    if (this.#buffer[0] === 0xef) return this.#take(1, new Abridged())
    if (this.#buffer.length < 8) return this.#buffer.length < 4 ? null : this.#tagged()
    return this.#tagged() ?? (this.#buffer.readUInt32LE(4) === 0 ? new Full() : this.#obfuscated())
  }

  #tagged(): Framing | null {
    const tag = this.#buffer.readUInt32BE()
    if (HTTP.includes(this.#buffer.toString('latin1', 0, 4)))
      throw new ProtocolError('HTTP is not spoken here')
    if (tag === 0xeeeeeeee) return this.#take(4, new Intermediate())
    if (tag === 0xdddddddd) return this.#take(4, new Intermediate(this.#randomBytes))
    return null
  }

  #obfuscated(): Framing | null {
    if (this.#buffer.length < OBFUSCATION_HEADER) return null
    const obfuscation = new Obfuscation(this.#buffer.subarray(0, OBFUSCATION_HEADER))
    const framing = this.#byTag(obfuscation.tag)
    this.#obfuscation = obfuscation
    this.#buffer = obfuscation.decrypt(this.#buffer.subarray(OBFUSCATION_HEADER))
    return framing
  }

  #byTag(tag: number): Framing {
    if (tag === 0xefefefef) return new Abridged()
    if (tag === 0xeeeeeeee) return new Intermediate()
    if (tag === 0xdddddddd) return new Intermediate(this.#randomBytes)
    throw new ProtocolError('an obfuscated connection names no known transport')
  }

  #take(length: number, framing: Framing): Framing {
    this.#buffer = this.#buffer.subarray(length)
    return framing
  }
}
