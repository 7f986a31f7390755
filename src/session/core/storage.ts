/** Where a session's home is and how it is opened. `authKey` is 256 bytes, or undefined before a login. */
export interface AuthState {
  /** 0 while no data centre was chosen. */
  dcId: number
  serverAddress: string | undefined
  port: number
  authKey: Uint8Array | undefined
  takeoutId: bigint | undefined
}

/** A peer that the account has met, with the access hash that reaches it. */
export interface Entity {
  /** Marked (see marked-id.ts); 0 is the row that holds the account's own id as its hash. */
  id: bigint
  /** Signed, 64 bit; 0 for basic groups. */
  hash: bigint
  /** Lower case, without '@'. */
  username: string | null
  phone: bigint | null
  /** Exact and case-sensitive: "first last", or the title. */
  name: string | null
}

/** Where Telegram's stream of updates was left. `date` is in unix seconds. */
export interface UpdateState {
  pts: number
  qts: number
  date: number
  seq: number
}

/** A file that was uploaded before, by what is in it. */
export interface SentFileKey {
  /** Of the content, 16 bytes. */
  md5: Uint8Array
  /** In bytes. */
  size: number
  /** Telegram knows one content as both, under different ids. */
  kind: 'document' | 'photo'
}

/** What Telegram calls that file: signed 64-bit numbers. */
export interface SentFile {
  id: bigint
  hash: bigint
}

/**
 * What the core asks of the place where a session's rows lie. Synchronous, since the client libraries look up
 * peers synchronously: a storage across a network loads its rows first and writes them behind.
 * Byte arrays are handed over: neither side changes them afterwards. `sessionStorageContract` of `tgsession/testing`
 * checks a storage of your own; `new MemorySession({ storage })` uses it.
 */
export interface SessionStorage {
  auth(): AuthState
  setAuth(state: AuthState): void

  /** Keys of other data centres than the session's own, for downloads. */
  otherKey(dcId: number): Uint8Array | undefined
  setOtherKey(dcId: number, key: Uint8Array | undefined): void

  entity(id: bigint): Entity | undefined
  /** If several match, the one that was written last. */
  findEntity(by: 'username' | 'name', value: string): Entity | undefined
  findEntity(by: 'phone', value: bigint): Entity | undefined
  /** Inserts or replaces the whole row and stamps it with `date` (unix seconds). */
  putEntity(entity: Entity, date: number): void
  /** Takes the username from every other row: it has a new owner. */
  evictUsername(username: string, newOwner: bigint): void

  /** `id` is 0 for the account, or the bare positive id of a channel. */
  updateState(id: bigint): UpdateState | undefined
  setUpdateState(id: bigint, state: UpdateState): void
  /** All of them, in no order that means anything. */
  updateStates(): [id: bigint, state: UpdateState][]

  sentFile(key: SentFileKey): SentFile | undefined
  putSentFile(key: SentFileKey, file: SentFile): void

  /** Runs `work` and throws what it throws. What can fail half-way (a disk) keeps nothing of it then. */
  transaction(work: () => void): void
}
