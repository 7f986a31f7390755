import { IdsByValue } from './ids-by-value.ts'
import type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './storage.ts'

const COLUMNS = ['username', 'phone', 'name'] as const
export type EntityColumn = (typeof COLUMNS)[number]

const NONE: readonly never[] = []

/** An entity, and when it was written, in unix seconds; 0 if unknown. */
export interface DatedEntity {
  entity: Entity
  date: number
}

/** A session's rows in plain maps. */
export class MemoryStorage implements SessionStorage {
  #auth: AuthState = {
    dcId: 0,
    serverAddress: undefined,
    port: 443,
    authKey: undefined,
    takeoutId: undefined,
  }
  readonly #otherKeys = new Map<number, Uint8Array>()
  readonly #entities = new Map<bigint, DatedEntity>()
  /** The one that was written last comes last. */
  readonly #index: Record<EntityColumn, IdsByValue> = {
    username: new IdsByValue(),
    phone: new IdsByValue(),
    name: new IdsByValue(),
  }
  readonly #updateStates = new Map<bigint, UpdateState>()
  readonly #sentFiles = new Map<string, SentFile>()

  auth(): AuthState {
    return this.#auth
  }

  setAuth(state: AuthState): void {
    this.#auth = { ...state }
  }

  otherKey(dcId: number): Uint8Array | undefined {
    return this.#otherKeys.get(dcId)
  }

  setOtherKey(dcId: number, key: Uint8Array | undefined): void {
    if (key === undefined) this.#otherKeys.delete(dcId)
    else this.#otherKeys.set(dcId, key)
  }

  entity(id: bigint): Entity | undefined {
    return this.#entities.get(id)?.entity
  }

  findEntity(by: EntityColumn, value: string | bigint): Entity | undefined {
    const id = this.#index[by].last(value)
    return id === undefined ? undefined : this.#entities.get(id)?.entity
  }

  /** All that match, the one that was written last at the end. */
  findEntities(by: EntityColumn, value: string | bigint): readonly DatedEntity[] {
    const ids = this.#index[by].of(value)
    return ids.length === 0 ? NONE : ids.flatMap((id) => this.#entities.get(id) ?? [])
  }

  datedEntity(id: bigint): DatedEntity | undefined {
    return this.#entities.get(id)
  }

  /** How many entities there are. */
  get entityCount(): number {
    return this.#entities.size
  }

  putEntity(entity: Entity, date = 0): void {
    const before = this.#entities.get(entity.id)?.entity
    for (const column of COLUMNS) {
      const [old, value] = [before?.[column] ?? null, entity[column]]
      if (old !== null) this.#index[column].delete(old, entity.id)
      if (value !== null) this.#index[column].add(value, entity.id)
    }
    this.#entities.set(entity.id, { entity: { ...entity }, date })
  }

  evictUsername(username: string, newOwner: bigint): void {
    for (const { entity, date } of this.findEntities('username', username))
      if (entity.id !== newOwner) this.putEntity({ ...entity, username: null }, date)
  }

  updateState(id: bigint): UpdateState | undefined {
    const state = this.#updateStates.get(id)
    return state && { ...state }
  }

  setUpdateState(id: bigint, state: UpdateState): void {
    this.#updateStates.set(id, { ...state })
  }

  updateStates(): [id: bigint, state: UpdateState][] {
    return [...this.#updateStates].map(([id, state]) => [id, { ...state }])
  }

  sentFile(key: SentFileKey): SentFile | undefined {
    return this.#sentFiles.get(sentFileName(key))
  }

  putSentFile(key: SentFileKey, file: SentFile): void {
    this.#sentFiles.set(sentFileName(key), { ...file })
  }

  /** A storage of its own with the same rows. */
  clone(): MemoryStorage {
    const copy = new MemoryStorage()
    copy.setAuth(this.#auth)
    for (const [dcId, key] of this.#otherKeys) copy.setOtherKey(dcId, key)
    for (const { entity, date } of this.#entities.values()) copy.putEntity(entity, date)
    for (const [id, state] of this.#updateStates) copy.setUpdateState(id, state)
    for (const [name, file] of this.#sentFiles) copy.#sentFiles.set(name, file)
    return copy
  }

  /** Nothing here can fail half-way: maps do not run full. */
  transaction(work: () => void): void {
    work()
  }
}

function sentFileName({ md5, size, kind }: SentFileKey): string {
  return `${kind}:${size}:${Buffer.from(md5).toString('hex')}`
}
