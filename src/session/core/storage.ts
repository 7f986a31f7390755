/** Where a session's home is and how it is opened. `authKey` is undefined before a login. */
export interface AuthState {
  /** 0 while no data centre was chosen. */
  dcId: number
  /** The IP address of its server. */
  serverAddress: string | undefined
  /** Of that server: 443 as a rule. */
  port: number
  /** 256 bytes; a secret. */
  authKey: Uint8Array | undefined
  /** Of a data export that is under way. */
  takeoutId: bigint | undefined
}

/** A peer that the account has met, with the access hash that reaches it. */
export interface Entity {
  /** Marked as Telethon's: users as they are, basic groups negative, channels `-100…`; 0 is the row that holds the account's own id as its hash. */
  id: bigint
  /** Signed, 64 bit; 0 for basic groups. */
  hash: bigint
  /** Lower case, without '@'. */
  username: string | null
  /** The digits of the phone number, as a number. */
  phone: bigint | null
  /** Exact and case-sensitive: "first last", or the title. */
  name: string | null
}

/** Where Telegram's stream of updates was left. Source: core.telegram.org/api/updates. */
export interface UpdateState {
  /** Counts the events of the account, or of one channel. */
  pts: number
  /** Counts the events of secret chats and bots. */
  qts: number
  /** Of the last update, unix seconds. */
  date: number
  /** Counts the containers of updates. */
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
  /** Of the document or photo. */
  id: bigint
  /** Its access hash. */
  hash: bigint
}

/**
 * What the core asks of the place where a session's rows lie. Synchronous, since the client libraries look up
 * peers synchronously: a storage across a network loads its rows first and writes them behind.
 * Byte arrays are handed over: neither side changes them afterwards. `sessionStorageContract` of `tgsession/testing`
 * checks a storage of your own; `new MemorySession({ storage })` uses it.
 */
export interface SessionStorage {
  /** What `setAuth` was given last; before that, `dcId` 0 and no key. */
  auth(): AuthState
  /** Replaces it as a whole. */
  setAuth(state: AuthState): void

  /** Keys of other data centres than the session's own, for downloads. */
  otherKey(dcId: number): Uint8Array | undefined
  /** Undefined removes it. */
  setOtherKey(dcId: number, key: Uint8Array | undefined): void

  /** The row with this marked id. */
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
  /** Inserts or replaces it. */
  setUpdateState(id: bigint, state: UpdateState): void
  /** All of them, in no order that means anything. */
  updateStates(): [id: bigint, state: UpdateState][]

  /** What was put under this key. */
  sentFile(key: SentFileKey): SentFile | undefined
  /** Inserts or replaces it. */
  putSentFile(key: SentFileKey, file: SentFile): void

  /** Runs `work` and throws what it throws. What can fail half-way (a disk) keeps nothing of it then. */
  transaction(work: () => void): void
}
