import type { SqlValue } from '../database.ts'
import { type Layout, localSize, pageStart, u32, varint, varintSize } from './layout.ts'

/** Bytes of a value by its serial type, up to 11 (fileformat2.html, section 2.1). */
const SIZES = Uint8Array.of(0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)

export function sizeOf(serialType: number): number {
  return serialType < 12 ? (SIZES[serialType] ?? 0) : Math.floor((serialType - 12) / 2)
}

/** A table's row, read column by column where it lies. One is used for many rows. */
export class Row {
  readonly #layout: Layout
  /** Where the payload lies: the file, or a copy that was put together from overflow pages. */
  #source: Buffer
  readonly #file: Buffer
  #start = 0
  /** Of the column that was found last. */
  #type = 0
  #at = 0
  rowid = 0

  constructor(layout: Layout) {
    const { bytes } = layout
    this.#layout = layout
    this.#file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#source = this.#file
  }

  /** Goes to the row in this cell of a leaf. */
  at(cell: number): this {
    const { bytes, usable } = this.#layout
    const size = varint(bytes, cell)
    const id = cell + varintSize(bytes, cell)
    this.rowid = varint(bytes, id)
    const start = id + varintSize(bytes, id)
    const local = localSize(size, true, usable)
    this.#source = local === size ? this.#file : this.#assembled(start, local, size)
    this.#start = local === size ? start : 0
    return this
  }

  /** The values in the record; fewer than the table has columns, where the row is older than a column. */
  values(): SqlValue[] {
    const source = this.#source
    const size = varint(source, this.#start)
    let header = this.#start + varintSize(source, this.#start)
    let at = this.#start + size
    const values: SqlValue[] = []
    for (const end = at; header < end; header += varintSize(source, header)) {
      const type = varint(source, header)
      values.push(valueAt(source, type, at))
      at += sizeOf(type)
    }
    return values
  }

  value(column: number): SqlValue {
    return this.#find(column) ? valueAt(this.#source, this.#type, this.#at) : null
  }

  /** A number that depends on the column's value only; 0 for null. */
  hash(column: number): number {
    if (!this.#find(column) || this.#type === 0) return 0
    if (this.#type >= 12) return hashBytes(this.#source, this.#at, this.#at + sizeOf(this.#type))
    return this.#type === 7 ? 0 : hashInteger(integerAt(this.#source, this.#type, this.#at))
  }

  #find(column: number): boolean {
    const source = this.#source
    const size = varint(source, this.#start)
    let header = this.#start + varintSize(source, this.#start)
    const end = this.#start + size
    let at = end
    for (let k = 0; header < end; k++) {
      const type = varint(source, header)
      if (k === column) {
        this.#type = type
        this.#at = at
        return true
      }
      header += type < 128 ? 1 : varintSize(source, header)
      at += sizeOf(type)
    }
    return false
  }

  #assembled(start: number, local: number, size: number): Buffer {
    const { bytes, usable } = this.#layout
    const whole = Buffer.alloc(size)
    whole.set(bytes.subarray(start, start + local))
    let page = u32(bytes, start + local)
    for (let done = local; done < size && page !== 0; done += usable - 4) {
      const from = pageStart(this.#layout, page)
      whole.set(bytes.subarray(from + 4, from + 4 + Math.min(usable - 4, size - done)), done)
      page = u32(bytes, from)
    }
    return whole
  }
}

function valueAt(source: Buffer, type: number, at: number): SqlValue {
  if (type === 0) return null
  if (type === 7) return source.readDoubleBE(at)
  if (type < 12) return integerAt(source, type, at)
  const end = at + sizeOf(type)
  return type % 2 === 1 ? source.toString('utf8', at, end) : new Uint8Array(source.subarray(at, end))
}

function integerAt(source: Buffer, type: number, at: number): bigint {
  if (type === 6) return source.readBigInt64BE(at)
  return BigInt(type >= 8 ? type - 8 : source.readIntBE(at, sizeOf(type)))
}

/** What `Row.hash` gives for this value. */
export function hashOf(value: string | bigint): number {
  if (typeof value === 'bigint') return hashInteger(value)
  let hash = SEED
  for (let k = 0; k < value.length; k++) {
    const unit = value.charCodeAt(k)
    if (unit >= 128) return hashBytes(Buffer.from(value))
    hash = mix(hash, unit)
  }
  return hash || 1
}

/** FNV-1a of 32 bits. */
const SEED = 0x811c9dc5

function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}

function hashBytes(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let hash = SEED
  for (let k = from; k < to; k++) hash = mix(hash, bytes[k] ?? 0)
  return hash || 1
}

function hashInteger(value: bigint): number {
  return Math.imul(Number(BigInt.asIntN(32, value ^ (value >> 32n))), 0x9e3779b1) || 1
}
