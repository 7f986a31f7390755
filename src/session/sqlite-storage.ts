import type { SqlRow, SqlValue } from './sql.ts'
import type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './storage.ts'
import { MemoryStorage } from './memory-storage.ts'
import { readSessionRow, type SessionRow, writeSessionRow } from './session-row.ts'
import type { TelethonFile } from './telethon-file.ts'

/** From this many entities on, a look-up by text or phone is worth an index. Below, reading them all is faster. */
const INDEX_FROM = 500n
/** Telethon's numbers of them (telethon/sessions/memory.py, _SentFileType). */
const SENT_FILE_TYPES = { document: 0n, photo: 1n } as const
const ENTITY = 'id, hash, username, phone, name'
/** So many peers that were looked up lately are kept at hand, about 3 MB. */
const RECENT = 10_000
const OTHER_KEYS = 'tgsession_auth_keys'

/**
 * A session's rows in Telethon's file, opened in memory. What the file has beyond these rows stays as it is.
 * Files older than version 5 have no place for a takeout id, older than 4 none for update states, older than 3 none for
 * sent files: there all of these last until the session is closed.
 */
export class SqliteStorage implements SessionStorage {
  readonly #file: TelethonFile
  readonly #indexed = new Set<string>()
  readonly #homeless = new MemoryStorage()
  readonly #recent = new Map<bigint, Entity>()
  #auth: SessionRow

  constructor(file: TelethonFile) {
    this.#file = file
    this.#auth = readSessionRow(file)
  }

  auth(): AuthState {
    return this.#auth
  }

  setAuth(state: AuthState): void {
    // The temporary key belongs to the key that it was bound to.
    const temporaryKey = state.authKey === this.#auth.authKey ? this.#auth.temporaryKey : undefined
    const row = { ...state, temporaryKey }
    writeSessionRow(this.#file, row)
    this.#auth = row
  }

  otherKey(dcId: number): Uint8Array | undefined {
    if (!this.#hasOtherKeys()) return undefined
    const row = this.#get(`select auth_key from ${OTHER_KEYS} where dc_id = cast(? as integer)`, BigInt(dcId))
    return row?.['auth_key'] instanceof Uint8Array ? row['auth_key'] : undefined
  }

  setOtherKey(dcId: number, key: Uint8Array | undefined): void {
    const { db } = this.#file
    if (key === undefined) {
      if (this.#hasOtherKeys())
        db.run(`delete from ${OTHER_KEYS} where dc_id = cast(? as integer)`, BigInt(dcId))
      return
    }
    db.run(`create table if not exists ${OTHER_KEYS} (dc_id integer primary key, auth_key blob)`)
    db.run(`insert or replace into ${OTHER_KEYS} values (cast(? as integer), ?)`, BigInt(dcId), key)
  }

  entity(id: bigint): Entity | undefined {
    const known = this.#recent.get(id)
    if (known !== undefined) return known
    const found = parseEntity(this.#get(`select ${ENTITY} from entities where id = cast(? as integer)`, id))
    if (found === undefined) return undefined
    if (this.#recent.size >= RECENT) this.#recent.clear()
    this.#recent.set(id, found)
    return found
  }

  findEntity(by: 'username' | 'phone' | 'name', value: string | bigint): Entity | undefined {
    this.#index(by)
    const parameter = typeof value === 'bigint' ? 'cast(? as integer)' : '?'
    const sql = `select ${ENTITY} from entities where ${by} = ${parameter}`
    // Sorting one row takes SQLite longer than finding it, and it is hardly ever more than one.
    const [first, second] = this.#file.db.all(`${sql} limit 2`, value)
    if (second === undefined) return parseEntity(first)
    const newest = this.#has('entities', 'date') ? 'coalesce(date, 0) desc, id desc' : 'id desc'
    return parseEntity(this.#get(`${sql} order by ${newest} limit 1`, value))
  }

  putEntity({ id, hash, username, phone, name }: Entity, date: number): void {
    const values = 'cast(? as integer), cast(? as integer), ?, cast(? as integer), ?'
    const row = [id, hash, username, phone, name]
    const { db } = this.#file
    this.#recent.delete(id)
    if (this.#has('entities', 'date')) {
      const into = 'entities (id, hash, username, phone, name, date)'
      db.run(`insert or replace into ${into} values (${values}, cast(? as integer))`, ...row, BigInt(date))
    } else {
      db.run(`insert or replace into entities (id, hash, username, phone, name) values (${values})`, ...row)
    }
  }

  evictUsername(username: string, newOwner: bigint): void {
    this.#index('username')
    const sql = `update entities set username = null where username = ? and id <> cast(? as integer) returning id`
    for (const { id } of this.#file.db.all(sql, username, newOwner))
      if (typeof id === 'bigint') this.#recent.delete(id)
  }

  updateState(id: bigint): UpdateState | undefined {
    if (!this.#has('update_state', 'pts')) return this.#homeless.updateState(id)
    const row = this.#get('select pts, qts, date, seq from update_state where id = cast(? as integer)', id)
    return row && parseState(row)
  }

  setUpdateState(id: bigint, state: UpdateState): void {
    if (!this.#has('update_state', 'pts')) return this.#homeless.setUpdateState(id, state)
    const { pts, qts, date, seq } = state
    const sql =
      'insert or replace into update_state (id, pts, qts, date, seq) values (cast(? as integer), ?, ?, ?, ?)'
    this.#file.db.run(sql, id, pts, qts, date, seq)
  }

  updateStates(): [id: bigint, state: UpdateState][] {
    if (!this.#has('update_state', 'pts')) return this.#homeless.updateStates()
    const rows = this.#file.db.all('select id, pts, qts, date, seq from update_state')
    return rows.flatMap((row) => (typeof row['id'] === 'bigint' ? [[row['id'], parseState(row)]] : []))
  }

  sentFile(key: SentFileKey): SentFile | undefined {
    if (!this.#has('sent_files', 'type')) return this.#homeless.sentFile(key)
    const sql = `select id, hash from sent_files where md5_digest = ? and file_size = cast(? as integer) and
      type = cast(? as integer)`
    const { id, hash } = this.#get(sql, ...sentFileValues(key)) ?? {}
    return typeof id === 'bigint' && typeof hash === 'bigint' ? { id, hash } : undefined
  }

  putSentFile(key: SentFileKey, { id, hash }: SentFile): void {
    if (!this.#has('sent_files', 'type')) return this.#homeless.putSentFile(key, { id, hash })
    const sql = `insert or replace into sent_files (md5_digest, file_size, type, id, hash) values
      (?, cast(? as integer), cast(? as integer), cast(? as integer), cast(? as integer))`
    this.#file.db.run(sql, ...sentFileValues(key), id, hash)
  }

  transaction(work: () => void): void {
    try {
      this.#file.db.transaction(work)
    } catch (error) {
      this.#recent.clear()
      throw error
    }
  }

  /** The file's bytes. The same rows in the same order of writing give the same bytes. */
  export(): Uint8Array {
    return this.#file.db.export()
  }

  /** The same with this home and key in the place of its own, which it keeps. */
  exportWith(auth: AuthState): Uint8Array {
    const own = this.#auth
    this.setAuth(auth)
    try {
      return this.export()
    } finally {
      writeSessionRow(this.#file, own)
      this.#auth = own
    }
  }

  close(): void {
    this.#file.db.close()
  }

  #get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.#file.db.get(sql, ...values)
  }

  #has(table: string, column: string): boolean {
    return this.#file.columns.get(table)?.has(column) ?? false
  }

  #hasOtherKeys(): boolean {
    return (
      this.#get(`select 1 from sqlite_master where type = 'table' and name = ?`, OTHER_KEYS) !== undefined
    )
  }

  /** Plain indexes only, so that old SQLite versions open the file; Telethon's own look-ups gain by them too. */
  #index(column: 'username' | 'phone' | 'name'): void {
    if (this.#indexed.has(column)) return
    const count = this.#get('select count(*) as n from entities')?.['n'] ?? 0n
    if (typeof count !== 'bigint' || count < INDEX_FROM) return
    this.#file.db.run(`create index if not exists tgsession_${column} on entities (${column})`)
    this.#indexed.add(column)
  }
}

function parseEntity(row: SqlRow | undefined): Entity | undefined {
  const { id, hash, username, phone, name } = row ?? {}
  if (typeof id !== 'bigint' || typeof hash !== 'bigint') return undefined
  return {
    id,
    hash,
    username: typeof username === 'string' ? username : null,
    phone: typeof phone === 'bigint' ? phone : null,
    name: typeof name === 'string' ? name : null,
  }
}

function parseState(row: SqlRow): UpdateState {
  const number = (column: string): number => Math.trunc(Number(row[column] ?? 0))
  return { pts: number('pts'), qts: number('qts'), date: number('date'), seq: number('seq') }
}

function sentFileValues({ md5, size, kind }: SentFileKey): SqlValue[] {
  return [md5, BigInt(size), SENT_FILE_TYPES[kind]]
}
