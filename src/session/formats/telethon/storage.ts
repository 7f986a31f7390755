import { datedEntity, type EntityTable } from './entity-table.ts'
import { type DatedEntity, type EntityColumn, MemoryStorage } from '../../core/memory-storage.ts'
import { OTHER_KEYS, readOtherRows, SENT_FILE_TYPES } from './rows.ts'
import { readSessionRow, type SessionRow, writeSessionRow } from './session-row.ts'
import type { SqlValue } from '../../sqlite/database.ts'
import type {
  AuthState,
  Entity,
  SentFile,
  SentFileKey,
  SessionStorage,
  UpdateState,
} from '../../core/storage.ts'
import { plainTelethonTables, type TelethonFile } from './file.ts'

/** Entities that one statement writes. */
const AT_ONCE = 50
/** So many entities may be in memory, some 30 MB, before they are read from the file that they were written to. */
const MOST_IN_MEMORY = 50_000

/**
 * A session's rows in Telethon's file. Entities are read where they lie in the file; what changes, and the few other
 * rows, are in memory, and SQLite writes them when the file is asked for. What the file has beyond these rows stays as
 * it is. Files older than version 5 have no place for a takeout id, older than 4 none for update states, older than 3
 * none for sent files: there all of these last until the session is closed.
 */
export class SqliteStorage implements SessionStorage {
  readonly #file: TelethonFile
  readonly #mostInMemory: number
  /** All but the home and the entities. */
  readonly #rows = new MemoryStorage()
  #auth: SessionRow
  /** As of the last time that it was read; what is in `#entities` counts more. */
  #table: EntityTable | undefined
  #entities = new MemoryStorage()
  /** What the file does not have yet: ids of `#entities`, and of the rest how it is written. */
  readonly #newEntities = new Set<bigint>()
  readonly #newRows = new Map<string, () => void>()

  constructor(file: TelethonFile, mostInMemory = MOST_IN_MEMORY) {
    this.#file = file
    this.#mostInMemory = mostInMemory
    this.#auth = readSessionRow(file)
    this.#table = file.entities
    this.#readRows()
    if (file.entities === undefined) this.#readEntities()
  }

  auth(): AuthState {
    return this.#auth
  }

  setAuth(state: AuthState): void {
    // The temporary key belongs to the key that it was bound to.
    const temporaryKey = state.authKey === this.#auth.authKey ? this.#auth.temporaryKey : undefined
    this.#keepAuth({ ...state, temporaryKey })
  }

  otherKey(dcId: number): Uint8Array | undefined {
    return this.#rows.otherKey(dcId)
  }

  setOtherKey(dcId: number, key: Uint8Array | undefined): void {
    if (key === undefined && this.#rows.otherKey(dcId) === undefined) return
    this.#rows.setOtherKey(dcId, key)
    const create = `create table if not exists ${OTHER_KEYS} (dc_id integer primary key, auth_key blob)`
    const id = 'cast(? as integer)'
    this.#newRows.set(`key ${dcId}`, () => {
      const { db } = this.#file
      db.run(create)
      if (key === undefined) db.run(`delete from ${OTHER_KEYS} where dc_id = ${id}`, BigInt(dcId))
      else db.run(`insert or replace into ${OTHER_KEYS} values (${id}, ?)`, BigInt(dcId), key)
    })
  }

  entity(id: bigint): Entity | undefined {
    return this.#entities.entity(id) ?? this.#table?.byId(id)
  }

  findEntity(by: EntityColumn, value: string | bigint): Entity | undefined {
    return this.#matches(by, value)[0]?.entity
  }

  putEntity(entity: Entity, date: number): void {
    this.#entities.putEntity(entity, date)
    this.#newEntities.add(entity.id)
    if (this.#newEntities.size > this.#mostInMemory) this.#makeRoom()
  }

  evictUsername(username: string, newOwner: bigint): void {
    for (const { entity, date } of this.#matches('username', username))
      if (entity.id !== newOwner) this.putEntity({ ...entity, username: null }, date)
  }

  updateState(id: bigint): UpdateState | undefined {
    return this.#rows.updateState(id)
  }

  setUpdateState(id: bigint, state: UpdateState): void {
    this.#rows.setUpdateState(id, state)
    if (!this.#has('update_state', 'pts')) return
    const { pts, qts, date, seq } = state
    const sql =
      'insert or replace into update_state (id, pts, qts, date, seq) values (cast(? as integer), ?, ?, ?, ?)'
    this.#newRows.set(`state ${id}`, () => this.#file.db.run(sql, id, pts, qts, date, seq))
  }

  updateStates(): [id: bigint, state: UpdateState][] {
    return this.#rows.updateStates()
  }

  sentFile(key: SentFileKey): SentFile | undefined {
    return this.#rows.sentFile(key)
  }

  putSentFile(key: SentFileKey, file: SentFile): void {
    this.#rows.putSentFile(key, file)
    if (!this.#has('sent_files', 'type')) return
    const integer = 'cast(? as integer)'
    const sql = `insert or replace into sent_files (md5_digest, file_size, type, id, hash) values
      (?, ${integer}, ${integer}, ${integer}, ${integer})`
    const values: SqlValue[] = [key.md5, BigInt(key.size), SENT_FILE_TYPES[key.kind], file.id, file.hash]
    const name = `file ${key.kind} ${key.size} ${Buffer.from(key.md5).toString('hex')}`
    this.#newRows.set(name, () => this.#file.db.run(sql, ...values))
  }

  /** Nothing here can fail half-way: SQLite comes in when the file is asked for, and writes all or nothing. */
  transaction(work: () => void): void {
    work()
  }

  /**
   * The file's bytes. The same rows in the same order of writing give the same bytes. With `auth` in the place of its own
   * home and key, which it keeps.
   */
  async export(auth?: AuthState): Promise<Uint8Array> {
    if (auth !== undefined || this.#isChanged) await this.#file.db.start()
    if (auth === undefined) return this.#export()
    const own = this.#auth
    this.setAuth(auth)
    try {
      return this.#export()
    } finally {
      this.#keepAuth(own)
    }
  }

  close(): void {
    this.#file.db.close()
  }

  get #isChanged(): boolean {
    return this.#newEntities.size + this.#newRows.size > 0
  }

  /** A session that is never saved does not have to grow without end. */
  #makeRoom(): void {
    const { db } = this.#file
    if (db.isStarted) this.#export()
    // A failure shows when the file is asked for.
    else void db.start().catch(() => undefined)
  }

  #export(): Uint8Array {
    const { db } = this.#file
    if (this.#isChanged) {
      db.transaction(() => this.#write())
      this.#newEntities.clear()
      this.#newRows.clear()
    }
    const bytes = db.export()
    if (this.#entities.entityCount > this.#mostInMemory) this.#readAgain(bytes)
    return bytes
  }

  #has(table: string, column: string): boolean {
    return this.#file.columns.get(table)?.has(column) ?? false
  }

  #keepAuth(auth: SessionRow): void {
    this.#auth = auth
    this.#newRows.set('auth', () => writeSessionRow(this.#file, auth))
  }

  /** All that have this value, the newest first; of one second, the one that was written last. */
  #matches(by: EntityColumn, value: string | bigint): readonly DatedEntity[] {
    const inMemory = this.#entities.findEntities(by, value)
    const inTable = this.#table?.by(by, value) ?? []
    if (inTable.length === 0 && inMemory.length < 2) return inMemory
    const older = inTable.filter(({ entity }) => this.#entities.entity(entity.id) === undefined)
    const found = [...inMemory.toReversed(), ...older]
    return found.toSorted((one, other) => other.date - one.date)
  }

  #write(): void {
    const { db } = this.#file
    for (const write of this.#newRows.values()) write()
    const rows = [...this.#newEntities].map((id) => this.#rowOf(id))
    // SQLite takes less time for many rows at once, and each number of rows is a statement of its own.
    for (let k = 0; k < rows.length;) {
      const some = rows.slice(k, k + (rows.length - k < AT_ONCE ? 1 : AT_ONCE))
      db.run(this.#insert(some.length), ...some.flat())
      k += some.length
    }
  }

  #insert(rows: number): string {
    const [name, mark] = this.#has('entities', 'date') ? [', date', ', cast(? as integer)'] : ['', '']
    const row = `(cast(? as integer), cast(? as integer), ?, cast(? as integer), ?${mark})`
    return `insert or replace into entities (id, hash, username, phone, name${name}) values ${Array(rows).fill(row).join()}`
  }

  #rowOf(id: bigint): SqlValue[] {
    const { entity, date = 0 } = this.#entities.datedEntity(id) ?? {}
    const { hash = 0n, username = null, phone = null, name = null } = entity ?? {}
    return [id, hash, username, phone, name, ...(this.#has('entities', 'date') ? [date] : [])]
  }

  #readRows(): void {
    const { otherKeys, updateStates, sentFiles } = readOtherRows(this.#file)
    for (const [dcId, key] of otherKeys) this.#rows.setOtherKey(dcId, key)
    for (const [id, state] of updateStates) this.#rows.setUpdateState(id, state)
    for (const [key, sent] of sentFiles) this.#rows.putSentFile(key, sent)
  }

  /** Of a file that only SQLite can read. */
  #readEntities(): void {
    const found = this.#file.rows('entities').flatMap((row) => datedEntity(row) ?? [])
    for (const { entity, date } of found.toSorted((one, other) => one.date - other.date))
      this.#entities.putEntity(entity, date)
  }

  #readAgain(bytes: Uint8Array): void {
    // A copy: the caller may change the bytes.
    const found = plainTelethonTables(Uint8Array.from(bytes))
    if (found === undefined) return
    this.#table = found.entities
    this.#entities = new MemoryStorage()
  }
}
