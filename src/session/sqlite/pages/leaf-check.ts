import { type Layout, pageStart, treeHeader, u16, varint, varintSize } from './layout.ts'

/** What 0 means for an offset of 16 bits. */
const MOST = 65_536
/** Up to 7 bytes an id is below 2^53. */
const SHORT_ID = 7

/**
 * Whether a table's leaf pages are sound, those of the usual kind: no stray bytes between the cells, each record within
 * its page. About others it says nothing. Nearly all of a file is leaves, and one function without calls takes half the
 * time of the general check, which counts most while V8 has not compiled it: when a process opens its session.
 */
export class LeafCheck {
  /** By offset in a page: the last page in which a cell or a free block begins there. */
  readonly #begins: Uint32Array
  /** Where the page's cells and free blocks end, in no order. */
  readonly #ends: Uint32Array
  #count = 0
  readonly #layout: Layout

  constructor(layout: Layout) {
    this.#layout = layout
    this.#begins = new Uint32Array(layout.pageSize)
    this.#ends = new Uint32Array(layout.pageSize)
  }

  /** The page's last id, if it is sound and its ids ascend from `before`; undefined if that is not known. */
  lastId(page: number, before: number): number | undefined {
    const { bytes, usable } = this.#layout
    const begins = this.#begins
    const ends = this.#ends
    const header = treeHeader(this.#layout, page)
    const start = pageStart(this.#layout, page)
    const cells = u16(bytes, header + 3)
    const content = u16(bytes, header + 5) || MOST
    const fragments = bytes[header + 7] ?? 0
    if (header + 8 + 2 * cells > start + content || content > usable || fragments > 0) return undefined
    const free = this.#freeBlocks(page, content)
    if (free === undefined) return undefined
    let total = free
    let count = this.#count
    let last = before
    const end = start + usable
    for (let k = 0, pointer = header + 8; k < cells; k++, pointer += 2) {
      const offset = ((bytes[pointer] ?? 0) << 8) | (bytes[pointer + 1] ?? 0)
      if (offset < content || begins[offset] === page) return undefined
      begins[offset] = page
      let at = start + offset
      let byte = bytes[at++] ?? 0
      let size = byte
      if (byte >= 128) {
        byte = bytes[at++] ?? 0
        if (byte >= 128) return undefined
        size = (size & 127) * 128 + byte
      }
      const beginOfId = at
      byte = bytes[at++] ?? 0
      let id = byte & 127
      while (byte >= 128 && at - beginOfId < SHORT_ID) {
        byte = bytes[at++] ?? 0
        id = id * 128 + (byte & 127)
      }
      if (byte >= 128) {
        id = varint(bytes, beginOfId)
        at = beginOfId + varintSize(bytes, beginOfId)
        if (!Number.isSafeInteger(id)) return undefined
      }
      const next = at + size
      if (id <= last || size > usable - 35 || next > end || next - start - offset < 4) return undefined
      last = id
      let sum = bytes[at] ?? 0
      const body = at + sum
      if (sum === 0 || sum >= 128 || body > next) return undefined
      for (at++; at < body;) {
        let type = bytes[at++] ?? 0
        if (type >= 128) {
          byte = bytes[at++] ?? 0
          if (byte >= 128) return undefined
          type = (type & 127) * 128 + byte
        }
        if (type >= 12) sum += (type - 12) >> 1
        else if (type < 5) sum += type
        else if (type === 5) sum += 6
        else if (type < 8) sum += 8
        else if (type > 9) return undefined
      }
      if (at !== body || sum !== size) return undefined
      total += next - start - offset
      ends[count++] = next - start
    }
    this.#count = count
    return total === usable - content && this.#isOneChain(page, content) ? last : undefined
  }

  /** How many bytes they have together. */
  #freeBlocks(page: number, content: number): number | undefined {
    const { bytes, usable } = this.#layout
    const start = pageStart(this.#layout, page)
    let total = 0
    let end = content
    this.#count = 0
    for (let block = u16(bytes, treeHeader(this.#layout, page) + 1); block !== 0;) {
      const size = u16(bytes, start + block + 2)
      if (block < end || size < 4 || block + size > usable) return undefined
      this.#begins[block] = page
      end = block + size
      this.#ends[this.#count++] = end
      total += size
      block = u16(bytes, start + block)
    }
    return total
  }

  /**
   * One begins with the content, and each ends where another begins. If together they are as long as the content, they
   * are one chain, without a gap.
   */
  #isOneChain(page: number, content: number): boolean {
    const { usable } = this.#layout
    if (this.#count > 0 && this.#begins[content] !== page) return false
    for (let k = 0; k < this.#count; k++) {
      const end = this.#ends[k] ?? 0
      if (end !== usable && this.#begins[end] !== page) return false
    }
    return true
  }
}
