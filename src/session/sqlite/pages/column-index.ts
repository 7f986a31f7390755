import type { PlainTable } from './tables.ts'
import { hashOf, Row } from './record.ts'
import { eachCell } from './tree.ts'

/**
 * A table's rows by the value of one column: a hash table of 12 to 20 bytes a row, made by reading the table once. The
 * rows of one value are a chain, so that many of one name cost no more to take in than as many of different names.
 */
export class ColumnIndex {
  readonly #row: Row
  readonly #column: number
  readonly #cells: Uint32Array
  /** By hash: where the chain begins, as 1 + a position in `#cells`; 0 for none. */
  readonly #first: Uint32Array
  /** By position: the next one of the chain. */
  readonly #next: Uint32Array

  /** `cells`: of all the table's rows. */
  constructor(table: PlainTable, column: number, cells: Uint32Array) {
    this.#row = new Row(table.layout)
    this.#column = column
    this.#cells = cells
    this.#first = new Uint32Array(2 ** Math.ceil(Math.log2(2 * cells.length + 1)))
    this.#next = new Uint32Array(cells.length)
    for (let k = 0; k < cells.length; k++) {
      const hash = this.#row.at(cells[k] ?? 0).hash(column)
      if (hash === 0) continue
      const slot = hash & (this.#first.length - 1)
      this.#next[k] = this.#first[slot] ?? 0
      this.#first[slot] = k + 1
    }
  }

  /** The cells of the rows with this value, the highest id first. */
  find(value: string | bigint): number[] {
    const found: number[] = []
    const slot = hashOf(value) & (this.#first.length - 1)
    for (let k = this.#first[slot] ?? 0; k !== 0; k = this.#next[k - 1] ?? 0) {
      const cell = this.#cells[k - 1] ?? 0
      if (this.#row.at(cell).value(this.#column) === value) found.push(cell)
    }
    return found
  }
}

export function cellsOf({ layout, root }: PlainTable): Uint32Array {
  let count = 0
  eachCell(layout, root, () => count++)
  const cells = new Uint32Array(count)
  count = 0
  eachCell(layout, root, (cell) => (cells[count++] = cell))
  return cells
}
