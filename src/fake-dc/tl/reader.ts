import { ProtocolError } from '../errors.ts'

/** Reads TL's basic types; every read past the end throws a ProtocolError. */
export class TlReader {
  readonly #buffer: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
  }

  get left(): number {
    return this.#buffer.length - this.#position
  }

  /** The next `length` bytes, as a copy that outlives the packet. */
  raw(length: number): Buffer {
    if (length < 0 || length > this.left) throw new ProtocolError('TL data ends too early')
    const start = this.#position
    this.#position += length
    return Buffer.from(this.#buffer.subarray(start, this.#position))
  }

  rest(): Buffer {
    return this.raw(this.left)
  }

  int(): number {
    return this.raw(4).readInt32LE()
  }

  uint(): number {
    return this.raw(4).readUInt32LE()
  }

  long(): bigint {
    return this.raw(8).readBigInt64LE()
  }

  double(): number {
    return this.raw(8).readDoubleLE()
  }

  bytes(): Buffer {
    const first = this.raw(1).readUInt8()
    if (first === 255) throw new ProtocolError('a TL string has a bad length')
    const length = first < 254 ? first : this.raw(3).readUIntLE(0, 3)
    const value = this.raw(length)
    this.raw(-((first < 254 ? 1 : 4) + length) & 3)
    return value
  }

  string(): string {
    return this.bytes().toString()
  }
}
