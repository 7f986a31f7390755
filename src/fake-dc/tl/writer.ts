/** Writes TL's basic types (core.telegram.org/mtproto/serialize), little-endian. */
export class TlWriter {
  readonly #parts: Buffer[] = []

  raw(bytes: Uint8Array): this {
    this.#parts.push(Buffer.from(bytes))
    return this
  }

  int(value: number): this {
    const part = Buffer.alloc(4)
    part.writeInt32LE(value | 0)
    this.#parts.push(part)
    return this
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8)
    part.writeBigInt64LE(BigInt.asIntN(64, value))
    this.#parts.push(part)
    return this
  }

  double(value: number): this {
    const part = Buffer.alloc(8)
    part.writeDoubleLE(value)
    this.#parts.push(part)
    return this
  }

  /** Length of one byte, or 254 and three bytes; then padded to four. */
  bytes(value: Uint8Array): this {
    const head = Buffer.alloc(value.length < 254 ? 1 : 4)
    if (value.length < 254) head[0] = value.length
    else head.writeUInt32LE(value.length * 256 + 254)
    const padding = -(head.length + value.length) & 3
    return this.raw(head).raw(value).raw(Buffer.alloc(padding))
  }

  string(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
