import {
  INDEX_INTERIOR,
  INDEX_LEAF,
  type Layout,
  localSize,
  pageStart,
  TABLE_INTERIOR,
  TABLE_LEAF,
  treeHeader,
  u16,
  u32,
  varint,
  varintSize,
} from './layout.ts'
import { LeafCheck } from './leaf-check.ts'
import { sizeOf } from './record.ts'
import { UsedSpace } from './used-space.ts'

/**
 * Whether the trees of the file and its freelist make up the whole of it: every page is used exactly once, every byte of
 * a page's content is accounted for, ids ascend, and every record is as long as it says. That is what SQLite's
 * quick_check finds out about the structure. `roots` reads where the trees begin in the first tree, the schema.
 */
export function isSound(layout: Layout, roots: () => number[]): boolean {
  return new Check(layout).file(roots)
}

/** SQLite's own limit; no file has more than a few levels. */
const DEEPEST = 20

class Check {
  readonly #layout: Layout
  readonly #used: Uint8Array
  #pagesUsed = 0
  readonly #leaves: LeafCheck
  /** By depth, since a page is looked at while the one above it is. */
  readonly #spaces: UsedSpace[] = []
  /** Of the table that is walked: the id before. */
  #last = -Infinity

  constructor(layout: Layout) {
    this.#layout = layout
    this.#leaves = new LeafCheck(layout)
    this.#used = new Uint8Array(layout.pageCount + 1)
  }

  file(roots: () => number[]): boolean {
    if (!this.#tree(1) || !roots().every((root) => this.#tree(root))) return false
    return this.#freelist() && this.#pagesUsed === this.#layout.pageCount
  }

  #use(page: number): boolean {
    if (page < 1 || page > this.#layout.pageCount || this.#used[page] !== 0) return false
    this.#used[page] = 1
    this.#pagesUsed++
    return true
  }

  #tree(root: number): boolean {
    if (root < 1 || root > this.#layout.pageCount) return false
    this.#last = -Infinity
    const type = this.#layout.bytes[treeHeader(this.#layout, root)]
    return this.#page(root, type === TABLE_LEAF || type === TABLE_INTERIOR, 0)
  }

  #page(page: number, isTable: boolean, depth: number): boolean {
    if (depth > DEEPEST || !this.#use(page)) return false
    const { bytes, usable } = this.#layout
    const [start, header] = [pageStart(this.#layout, page), treeHeader(this.#layout, page)]
    const type = bytes[header]
    const isLeaf = type === (isTable ? TABLE_LEAF : INDEX_LEAF)
    if (!isLeaf && type !== (isTable ? TABLE_INTERIOR : INDEX_INTERIOR)) return false
    const cells = u16(bytes, header + 3)
    if (isTable && isLeaf) {
      const last = this.#leaves.lastId(page, this.#last)
      if (last !== undefined) {
        this.#last = last
        return true
      }
    }
    const pointers = header + (isLeaf ? 8 : 12)
    const content = start + (u16(bytes, header + 5) || 65_536)
    const end = start + usable
    if (pointers + 2 * cells > content || content > end) return false
    const space = (this.#spaces[depth] ??= new UsedSpace())
    space.clear()
    if (!this.#freeBlocks(start, u16(bytes, header + 1), content, end, space)) return false
    for (let k = 0; k < cells; k++) {
      const cell = start + u16(bytes, pointers + 2 * k)
      if (cell < content || cell > end - 4) return false
      if (!isLeaf && !this.#page(u32(bytes, cell), isTable, depth + 1)) return false
      const next = isTable && !isLeaf ? this.#key(cell) : this.#payload(cell, end, isTable, isLeaf)
      if (next === undefined || next > end) return false
      space.add(cell - start, Math.max(4, next - cell))
    }
    if (!space.isExactly(end - content - (bytes[header + 7] ?? 0))) return false
    return isLeaf || this.#page(u32(bytes, header + 8), isTable, depth + 1)
  }

  /** Ends where the cell ends. Nothing to its left is above a key, and nothing to its right below. */
  #key(cell: number): number | undefined {
    const { bytes } = this.#layout
    const key = varint(bytes, cell + 4)
    if (!Number.isSafeInteger(key) || key < this.#last) return undefined
    this.#last = key
    return cell + 4 + varintSize(bytes, cell + 4)
  }

  /** Ends where the cell ends. */
  #payload(cell: number, end: number, isTable: boolean, isLeaf: boolean): number | undefined {
    const { bytes, usable } = this.#layout
    let at = isLeaf ? cell : cell + 4
    let size = bytes[at++] ?? 0
    if (size >= 128) {
      size = varint(bytes, at - 1)
      at += varintSize(bytes, at - 1) - 1
    }
    if (isTable) {
      const id = varint(bytes, at)
      at += varintSize(bytes, at)
      if (id <= this.#last || !Number.isSafeInteger(id)) return undefined
      this.#last = id
    }
    if (size < 0 || size > bytes.length) return undefined
    const local = localSize(size, isTable, usable)
    const next = at + local
    if (next > end || !this.#record(at, next, size)) return undefined
    if (local === size) return next
    return this.#overflow(u32(bytes, next), size - local) ? next + 4 : undefined
  }

  /** The values are as long as the payload that holds them. */
  #record(start: number, end: number, size: number): boolean {
    const { bytes } = this.#layout
    let at = start + varintSize(bytes, start)
    const header = varint(bytes, start)
    const body = start + header
    if (header < 1 || body > end) return false
    let total = header
    while (at < body) {
      // Nearly all are of one byte.
      let type = bytes[at++] ?? 0
      if (type >= 128) {
        type = varint(bytes, at - 1)
        at += varintSize(bytes, at - 1) - 1
      }
      if (type < 0 || type === 10 || type === 11) return false
      total += sizeOf(type)
    }
    return at === body && total === size
  }

  #overflow(first: number, size: number): boolean {
    let page = first
    for (let left = size; left > 0; left -= this.#layout.usable - 4) {
      if (!this.#use(page)) return false
      page = u32(this.#layout.bytes, pageStart(this.#layout, page))
    }
    return page === 0
  }

  /** A page's free blocks ascend. */
  #freeBlocks(start: number, first: number, content: number, end: number, space: UsedSpace): boolean {
    const { bytes } = this.#layout
    let least = content
    for (let block = first; block !== 0; block = u16(bytes, start + block)) {
      const at = start + block
      if (at < least || at > end - 4) return false
      const size = u16(bytes, at + 2)
      if (size < 4) return false
      space.add(block, size)
      least = at + size
    }
    return least <= end
  }

  #freelist(): boolean {
    const { bytes, usable } = this.#layout
    const before = this.#pagesUsed
    for (let trunk = u32(bytes, 32); trunk !== 0;) {
      if (!this.#use(trunk)) return false
      const at = pageStart(this.#layout, trunk)
      const leaves = u32(bytes, at + 4)
      if (leaves > usable / 4 - 2) return false
      for (let k = 0; k < leaves; k++) if (!this.#use(u32(bytes, at + 8 + 4 * k))) return false
      trunk = u32(bytes, at)
    }
    return this.#pagesUsed - before === u32(bytes, 36)
  }
}
