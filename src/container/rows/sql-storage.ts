import { MemoryStorage } from '../../session/core/memory-storage.ts'
import type { AuthState, Entity, SentFile, SentFileKey, UpdateState } from '../../session/core/storage.ts'

/** An entity to write. `whole` replaces its row; else null keeps the stored value, which was not read. */
export interface EntityWrite {
  entity: Entity
  written: bigint
  whole: boolean
}

/** What is not in the database yet: the last state of each row that changed, so that the order among them is no matter. */
export interface Changes {
  auth: AuthState | undefined
  otherKeys: [dcId: number, key: Uint8Array | undefined][]
  /** Usernames that everybody but their new owner loses; carried out before `entities`. */
  dropped: [username: string, owner: bigint][]
  entities: EntityWrite[]
  states: [id: bigint, state: UpdateState][]
  files: [key: SentFileKey, file: SentFile][]
}

/** A session's rows as they were read. Entities in the order of their writing, the newest last. */
export interface LoadedRows {
  auth: AuthState
  otherKeys: ReadonlyMap<number, Uint8Array>
  entities: readonly Entity[]
  /** Whether these are all entities. */
  complete: boolean
  /** The newest entity's; 0 where there is none. */
  written: bigint
  states: readonly [id: bigint, state: UpdateState][]
  files: readonly [key: SentFileKey, file: SentFile][]
}

/** What was asked for and is not in memory. */
export interface Misses {
  ids: bigint[]
  usernames: string[]
  phones: bigint[]
  names: string[]
}

export interface SqlStorageOptions {
  /** Something was written; `urgent` for the key and the data centre. */
  onDirty(urgent: boolean): void
  /** Something was requested that may be in the database; `takeMisses` returns it. */
  onMiss(): void
  /** An entity or a sent file does not fit into the queue any more, and stays in memory only. */
  onFull(): void
  /** Entities and sent files that may wait to be written. */
  maxQueued: number
}

const MOST_ASKED = 20_000

/** A session's rows in memory, which remembers what of them the database does not have. */
export class SqlStorage extends MemoryStorage {
  readonly #options: SqlStorageOptions
  #auth = false
  readonly #keys = new Set<number>()
  #dropped = new Map<string, bigint>()
  #entities = new Map<bigint, bigint>()
  readonly #states = new Set<bigint>()
  #files = new Map<string, [SentFileKey, SentFile]>()
  #complete = true
  #written = 0n
  /** Entities whose row in the database is known, or known to be missing. Not kept if all entities are in memory. */
  readonly #known = new Set<bigint>()
  readonly #asked = new Set<string>()
  #misses = noMisses()

  constructor(options: SqlStorageOptions) {
    super()
    this.#options = options
  }

  load(rows: LoadedRows): void {
    super.setAuth(rows.auth)
    for (const [dcId, key] of rows.otherKeys) super.setOtherKey(dcId, key)
    for (const entity of rows.entities) super.putEntity(entity)
    for (const [id, state] of rows.states) super.setUpdateState(id, state)
    for (const [key, file] of rows.files) super.putSentFile(key, file)
    this.#complete = rows.complete
    this.#written = rows.written
    if (!rows.complete) for (const { id } of rows.entities) this.#known.add(id)
  }

  /** Entities that the database had for `misses`. What was asked for and is not among them is not there. */
  learn(misses: Misses, found: readonly Entity[]): void {
    for (const entity of found) {
      const here = super.entity(entity.id)
      const username = entity.username ?? null
      const taken =
        username !== null && (super.findEntity('username', username)?.id ?? entity.id) !== entity.id
      const theirs = taken || (username !== null && this.#dropped.has(username)) ? null : username
      super.putEntity({
        id: entity.id,
        hash: here?.hash ?? entity.hash,
        username: here?.username ?? theirs,
        phone: here?.phone ?? entity.phone,
        name: here?.name ?? entity.name,
      })
      this.#known.add(entity.id)
    }
    for (const id of misses.ids) this.#known.add(id)
  }

  /** They may be asked for again. */
  forget(misses: Misses): void {
    for (const [by, values] of Object.entries(misses))
      for (const value of values) this.#asked.delete(`${by}:${value}`)
  }

  /** Undefined if nothing was missed. */
  takeMisses(): Misses | undefined {
    const misses = this.#misses
    if (Object.values(misses).every((values) => values.length === 0)) return undefined
    this.#misses = noMisses()
    return misses
  }

  /** Rows that wait to be written. */
  get queued(): number {
    const others = this.#keys.size + this.#dropped.size + this.#states.size
    return Number(this.#auth) + others + this.#entities.size + this.#files.size
  }

  /** What waits to be written, which from now on counts as written; undefined if nothing does. */
  takeChanges(): Changes | undefined {
    if (this.queued === 0) return undefined
    const changes: Changes = {
      auth: this.#auth ? this.auth() : undefined,
      otherKeys: [...this.#keys].map((dcId) => [dcId, this.otherKey(dcId)]),
      dropped: [...this.#dropped],
      entities: [...this.#entities].flatMap(([id, written]) => {
        const entity = super.entity(id)
        return entity === undefined ? [] : [{ entity, written, whole: this.#complete || this.#known.has(id) }]
      }),
      states: this.updateStates().filter(([id]) => this.#states.has(id)),
      files: [...this.#files.values()],
    }
    this.#auth = false
    this.#keys.clear()
    this.#dropped = new Map()
    this.#entities = new Map()
    this.#states.clear()
    this.#files = new Map()
    return changes
  }

  /** They were not written after all. What changed since then is newer. */
  putBack(changes: Changes): void {
    this.#auth ||= changes.auth !== undefined
    for (const [dcId] of changes.otherKeys) this.#keys.add(dcId)
    this.#dropped = new Map([...changes.dropped, ...this.#dropped])
    const entities = changes.entities.map(({ entity, written }): [bigint, bigint] => [entity.id, written])
    this.#entities = new Map([...entities, ...this.#entities])
    for (const [id] of changes.states) this.#states.add(id)
    const files = changes.files.map(([key, file]): [string, [SentFileKey, SentFile]] => [
      fileName(key),
      [key, file],
    ])
    this.#files = new Map([...files, ...this.#files])
  }

  /** They are in the database now. */
  settled(changes: Changes): void {
    if (!this.#complete)
      for (const { entity, whole } of changes.entities) if (whole) this.#known.add(entity.id)
  }

  override setAuth(state: AuthState): void {
    super.setAuth(state)
    this.#auth = true
    this.#options.onDirty(true)
  }

  override setOtherKey(dcId: number, key: Uint8Array | undefined): void {
    super.setOtherKey(dcId, key)
    this.#keys.add(dcId)
    this.#options.onDirty(false)
  }

  override entity(id: bigint): Entity | undefined {
    const found = super.entity(id)
    if (found === undefined && !this.#complete && !this.#known.has(id)) this.#miss('ids', id)
    return found
  }

  override findEntity(by: 'username' | 'phone' | 'name', value: string | bigint): Entity | undefined {
    const found = super.findEntity(by, value)
    if (found !== undefined || this.#complete) return found
    if (typeof value === 'bigint') this.#miss('phones', value)
    else this.#miss(by === 'username' ? 'usernames' : 'names', value)
    return undefined
  }

  override putEntity(entity: Entity, date = 0): void {
    super.putEntity(entity)
    if (!this.#hasRoom(this.#entities.has(entity.id))) return
    const now = BigInt(date) * 1000n
    this.#written = now > this.#written ? now : this.#written + 1n
    this.#entities.set(entity.id, this.#written)
    this.#options.onDirty(entity.id === 0n)
  }

  override evictUsername(username: string, newOwner: bigint): void {
    super.evictUsername(username, newOwner)
    // Where all rows are in memory, those that lose it were just put there.
    if (this.#complete) return
    this.#dropped.set(username, newOwner)
    this.#options.onDirty(false)
  }

  override setUpdateState(id: bigint, state: UpdateState): void {
    super.setUpdateState(id, state)
    this.#states.add(id)
    this.#options.onDirty(false)
  }

  override putSentFile(key: SentFileKey, file: SentFile): void {
    super.putSentFile(key, file)
    if (!this.#hasRoom(this.#files.has(fileName(key)))) return
    this.#files.set(fileName(key), [key, { ...file }])
    this.#options.onDirty(false)
  }

  #hasRoom(isQueued: boolean): boolean {
    if (isQueued || this.#entities.size + this.#files.size < this.#options.maxQueued) return true
    this.#options.onFull()
    return false
  }

  #miss(by: 'ids' | 'phones', value: bigint): void
  #miss(by: 'usernames' | 'names', value: string): void
  #miss(by: keyof Misses, value: bigint | string): void {
    const asked = `${by}:${value}`
    if (this.#asked.has(asked)) return
    if (this.#asked.size >= MOST_ASKED) this.#asked.clear()
    this.#asked.add(asked)
    const misses: (bigint | string)[] = this.#misses[by]
    misses.push(value)
    this.#options.onMiss()
  }
}

function noMisses(): Misses {
  return { ids: [], usernames: [], phones: [], names: [] }
}

function fileName({ md5, size, kind }: SentFileKey): string {
  return `${kind}:${size}:${Buffer.from(md5).toString('hex')}`
}
