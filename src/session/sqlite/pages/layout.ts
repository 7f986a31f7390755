/**
 * Where things lie in an SQLite file, read in place. Source: sqlite.org/fileformat2.html, sections 1.3 (header),
 * 1.5 (freelist) and 1.6 (b-trees); all numbers there are big-endian.
 */
export interface Layout {
  readonly bytes: Uint8Array
  readonly pageSize: number
  readonly pageCount: number
  /** What a page keeps free at its end is not in it. */
  readonly usable: number
}

export const TABLE_INTERIOR = 5
export const TABLE_LEAF = 13
export const INDEX_INTERIOR = 2
export const INDEX_LEAF = 10
const UTF8 = 1
const NEWEST_FORMAT = 4
const MAGIC = Buffer.from('SQLite format 3\0')

/** Undefined for a file that our reader leaves to SQLite: a text encoding, a size or a mode that Telethon never has. */
export function layoutOf(bytes: Uint8Array): Layout | undefined {
  if (bytes.length < 512 || !MAGIC.equals(bytes.subarray(0, 16))) return undefined
  const declared = u16(bytes, 16)
  const pageSize = declared === 1 ? 65_536 : declared
  const isPowerOfTwo = pageSize >= 512 && (pageSize & (pageSize - 1)) === 0
  // Versions before 3.7.0 leave the page count stale, which these two counters show.
  const isCurrent = u32(bytes, 24) === u32(bytes, 92)
  const pageCount = u32(bytes, 28)
  if (!isPowerOfTwo || !isCurrent || pageCount * pageSize !== bytes.length) return undefined
  // Fractions as every SQLite demands them; a file that can vacuum itself has pages of another kind.
  const isUsual = bytes[21] === 64 && bytes[22] === 32 && bytes[23] === 32
  const hasOnlyTrees = u32(bytes, 52) === 0 && u32(bytes, 64) === 0
  const usable = pageSize - (bytes[20] ?? 0)
  if (!isUsual || !hasOnlyTrees || usable < 480) return undefined
  if (u32(bytes, 44) > NEWEST_FORMAT || u32(bytes, 56) !== UTF8) return undefined
  return { bytes, pageSize, pageCount, usable }
}

export function pageStart({ pageSize }: Layout, page: number): number {
  return (page - 1) * pageSize
}

/** Page 1 begins with the file's header. */
export function treeHeader(layout: Layout, page: number): number {
  return page === 1 ? 100 : pageStart(layout, page)
}

export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65_536 + u16(bytes, at + 2)
}

/** The length in bytes of the varint at this place: 1 to 9. */
export function varintSize(bytes: Uint8Array, at: number): number {
  let size = 1
  while (size < 9 && (bytes[at + size - 1] ?? 0) >= 128) size++
  return size
}

/** A signed 64-bit varint; exact up to 2^53, and beyond that no safe integer. */
export function varint(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 128) return first
  let value = first & 127
  for (let k = 1; k < 8; k++) {
    const byte = bytes[at + k] ?? 0
    value = value * 128 + (byte & 127)
    if (byte < 128) return value
  }
  return nineBytes(bytes, at)
}

/** Negative numbers, such as the ids of channels, take nine bytes: eight times 7 bits, and 8. */
function nineBytes(bytes: Uint8Array, at: number): number {
  let high = 0
  for (let k = 0; k < 4; k++) high = (high << 7) | ((bytes[at + k] ?? 0) & 127)
  const middle = (bytes[at + 4] ?? 0) & 127
  high = (high << 4) | (middle >> 3)
  let low = middle & 7
  for (let k = 5; k < 8; k++) low = (low << 7) | ((bytes[at + k] ?? 0) & 127)
  return high * 2 ** 32 + (((low << 8) | (bytes[at + 8] ?? 0)) >>> 0)
}

/** How much of a payload lies in its cell; the rest, if any, in a chain of overflow pages (section 1.6). */
export function localSize(payload: number, isTable: boolean, usable: number): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23
  if (payload <= most) return payload
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const even = least + ((payload - least) % (usable - 4))
  return even <= most ? even : least
}
