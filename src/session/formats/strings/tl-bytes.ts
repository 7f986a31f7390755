/** The few TL types that mtcute's formats are written in (core.telegram.org/mtproto/serialize), little-endian. */
export class TlReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = at
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The next 4 bytes, unsigned, without taking them; undefined at the end. */
  peek(): number | undefined {
    return this.#at + 4 <= this.#bytes.length ? this.#bytes.readUInt32LE(this.#at) : undefined
  }

  byte(): number {
    return this.#take(1).readUInt8()
  }

  uint(): number {
    return this.#take(4).readUInt32LE()
  }

  /** A whole number below 2^53, in 8 bytes. */
  int53(): bigint {
    return this.#take(8).readBigInt64LE()
  }

  bytes(): Buffer {
    const short = this.byte()
    const length = short < 254 ? short : this.#take(3).readUIntLE(0, 3)
    const value = this.#take(length)
    this.#take(-((short < 254 ? 1 : 4) + length) & 3)
    return value
  }

  string(): string {
    return this.bytes().toString('utf8')
  }

  /** Throws `RangeError` at the end, as Buffer's own readers do. */
  #take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + count)
    if (taken.length < count) throw new RangeError('the bytes end too early')
    this.#at += count
    return taken
  }
}

export function tlUint(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function tlInt53(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

export function tlBytes(value: Uint8Array): Buffer {
  const head = value.length < 254 ? Buffer.of(value.length) : Buffer.from([254, 0, 0, 0])
  if (head.length === 4) head.writeUIntLE(value.length, 1, 3)
  return Buffer.concat([head, value, Buffer.alloc(-(head.length + value.length) & 3)])
}
