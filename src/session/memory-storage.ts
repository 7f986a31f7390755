import type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './storage.ts'

type Column = 'username' | 'phone' | 'name'

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
  readonly #entities = new Map<bigint, Entity>()
  /** Ids in the order of writing: the newest comes last. */
  readonly #index: Record<Column, Map<string | bigint, Set<bigint>>> = {
    username: new Map(),
    phone: new Map(),
    name: new Map(),
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
    return this.#entities.get(id)
  }

  findEntity(by: Column, value: string | bigint): Entity | undefined {
    const id = [...(this.#index[by].get(value) ?? [])].at(-1)
    return id === undefined ? undefined : this.#entities.get(id)
  }

  putEntity(entity: Entity): void {
    const before = this.#entities.get(entity.id)
    for (const column of ['username', 'phone', 'name'] as const) {
      const old = before?.[column] ?? null
      if (old !== null) this.#index[column].get(old)?.delete(entity.id)
      const value = entity[column]
      if (value === null) continue
      const ids = this.#index[column].get(value)
      if (ids === undefined) this.#index[column].set(value, new Set([entity.id]))
      else ids.add(entity.id)
    }
    this.#entities.set(entity.id, { ...entity })
  }

  evictUsername(username: string, newOwner: bigint): void {
    for (const id of this.#index.username.get(username) ?? []) {
      const entity = this.#entities.get(id)
      if (id !== newOwner && entity !== undefined) this.putEntity({ ...entity, username: null })
    }
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
    for (const entity of this.#entities.values()) copy.putEntity(entity)
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
