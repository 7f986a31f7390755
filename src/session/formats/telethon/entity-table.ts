import { cellsOf, ColumnIndex } from '../../sqlite/pages/column-index.ts'
import { Row } from '../../sqlite/pages/record.ts'
import type { PlainTable } from '../../sqlite/pages/tables.ts'
import { findCell } from '../../sqlite/pages/tree.ts'
import type { DatedEntity, EntityColumn } from '../../core/memory-storage.ts'
import type { SqlRow } from '../../sqlite/database.ts'
import type { Entity } from '../../core/storage.ts'

const NONE: readonly never[] = []

/** The entities of a Telethon file, read where they lie; nothing is read before it is asked for. */
export class EntityTable {
  readonly #table: PlainTable
  readonly #row: Row
  readonly #columns: Record<'hash' | 'date' | EntityColumn, number>
  #cells: Uint32Array | undefined
  readonly #indexes = new Map<EntityColumn, ColumnIndex>()

  constructor(table: PlainTable) {
    this.#table = table
    this.#row = new Row(table.layout)
    const at = (name: string): number => table.columns.indexOf(name)
    this.#columns = {
      hash: at('hash'),
      username: at('username'),
      phone: at('phone'),
      name: at('name'),
      date: at('date'),
    }
  }

  byId(id: bigint): Entity | undefined {
    const cell = findCell(this.#table.layout, this.#table.root, Number(id))
    return cell === undefined ? undefined : this.#at(cell)?.entity
  }

  /** All that have this value, the highest id first. The first look-up by a column reads the table once. */
  by(column: EntityColumn, value: string | bigint): readonly DatedEntity[] {
    let index = this.#indexes.get(column)
    if (index === undefined) {
      this.#cells ??= cellsOf(this.#table)
      index = new ColumnIndex(this.#table, this.#columns[column], this.#cells)
      this.#indexes.set(column, index)
    }
    const cells = index.find(value)
    return cells.length === 0 ? NONE : cells.flatMap((cell) => this.#at(cell) ?? [])
  }

  #at(cell: number): DatedEntity | undefined {
    const { hash, username, phone, name, date } = this.#columns
    const row = this.#row.at(cell)
    const values = row.values()
    return datedEntity({
      id: BigInt(row.rowid),
      hash: values[hash] ?? null,
      username: values[username] ?? null,
      phone: values[phone] ?? null,
      name: values[name] ?? null,
      date: values[date] ?? null,
    })
  }
}

/** A row of Telethon's table by type; undefined if it is none that could be reached. */
export function datedEntity({ id, hash, username, phone, name, date }: SqlRow): DatedEntity | undefined {
  if (typeof id !== 'bigint' || typeof hash !== 'bigint') return undefined
  const entity = {
    id,
    hash,
    username: typeof username === 'string' ? username : null,
    phone: typeof phone === 'bigint' ? phone : null,
    name: typeof name === 'string' ? name : null,
  }
  return { entity, date: Number(date ?? 0) || 0 }
}
