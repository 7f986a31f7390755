import { type Layout, pageStart, TABLE_INTERIOR, treeHeader, u16, u32, varint, varintSize } from './layout.ts'

/** Where the row with this id lies in the table at `root`: its cell, or undefined. The tree has to be sound. */
export function findCell(layout: Layout, root: number, rowid: number): number | undefined {
  const { bytes } = layout
  for (let page = root; ;) {
    const header = treeHeader(layout, page)
    const isLeaf = bytes[header] !== TABLE_INTERIOR
    const cells = u16(bytes, header + 3)
    const [start, pointers] = [pageStart(layout, page), header + (isLeaf ? 8 : 12)]
    let [low, high] = [0, cells]
    while (low < high) {
      const middle = (low + high) >>> 1
      const cell = start + u16(bytes, pointers + 2 * middle)
      const id = varint(bytes, cell + (isLeaf ? varintSize(bytes, cell) : 4))
      if (isLeaf && id === rowid) return cell
      if (id < rowid) low = middle + 1
      else high = middle
    }
    if (isLeaf) return undefined
    page = low === cells ? u32(bytes, header + 8) : u32(bytes, start + u16(bytes, pointers + 2 * low))
  }
}

/** Every row's cell, in the order of their ids. */
export function eachCell(layout: Layout, root: number, use: (cell: number) => void): void {
  const { bytes } = layout
  const header = treeHeader(layout, root)
  const isLeaf = bytes[header] !== TABLE_INTERIOR
  const [start, pointers] = [pageStart(layout, root), header + (isLeaf ? 8 : 12)]
  for (let k = 0; k < u16(bytes, header + 3); k++) {
    const cell = start + u16(bytes, pointers + 2 * k)
    if (isLeaf) use(cell)
    else eachCell(layout, u32(bytes, cell), use)
  }
  if (!isLeaf) eachCell(layout, u32(bytes, header + 8), use)
}
