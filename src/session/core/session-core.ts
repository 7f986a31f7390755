import { type Clock, systemClock } from '../../base/clock.ts'
import { BadDataError, UsageError } from '../../base/errors.ts'
import { KeptHome } from './kept-home.ts'
import { keepPeers, peerById, peerByText } from './peers.ts'
import type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './storage.ts'
import { findEntities } from './tl-entities.ts'

/**
 * `auth`: the key, the data centre or the account's own id changed, save now.
 * `cache`: entities, update state, takeout or a key of another data centre changed, save soon.
 */
export type ChangeKind = 'auth' | 'cache'

/** What every session class takes. */
export interface CoreOptions {
  /** Whether peers that the client meets are kept. Default: true. */
  saveEntities?: boolean | undefined
  /** Receives errors that no caller awaits (a background save, a listener). Default: a process warning. */
  onError?: ((error: Error) => void) | undefined
  /** @internal */
  clock?: Clock | undefined
}

export const AUTH_KEY_BYTES = 256

/**
 * What a session knows and how it changes, without any client library: bytes, BigInt and text in and out.
 * Each library gets a thin class of its own over this (`gramjs-session.ts`). Until a storage is attached every
 * access throws `UsageError` (`session.not_loaded`).
 */
export class SessionCore {
  saveEntities: boolean
  readonly #onError: (error: Error) => void
  readonly #clock: Clock
  readonly #listeners = new Set<(kind: ChangeKind) => void>()
  #storage: SessionStorage | undefined
  #home: KeptHome | undefined

  constructor(options: CoreOptions = {}) {
    this.saveEntities = options.saveEntities ?? true
    this.#onError = options.onError ?? ((error) => process.emitWarning(error))
    this.#clock = options.clock ?? systemClock
  }

  attach(storage: SessionStorage): void {
    this.#storage = storage
    this.#home = new KeptHome(storage)
  }

  detach(): void {
    this.#storage = undefined
    this.#home = undefined
  }

  /** As the client sees it; the storage's own, unless the key was lost. */
  get auth(): AuthState {
    return this.#kept().auth
  }

  get dcId(): number {
    return this.auth.dcId
  }

  get serverAddress(): string | undefined {
    return this.auth.serverAddress
  }

  get port(): number {
    return this.auth.port
  }

  /**
   * Whether the client dropped the key of an account (teleproto does when Telegram answers -404) and nobody has logged
   * in since. A key that it makes by itself then is no login either. The storage keeps the last good key, and its home,
   * until a login shows in what `processEntities` is given, or `forgetAuthKey()`.
   */
  get isKeyLost(): boolean {
    return this.#kept().isKeyLost
  }

  /** The key itself is kept, as Telethon does: who moves to another data centre clears it (and GramJS does). */
  setDC(dcId: number, serverAddress: string, port: number): void {
    const { auth } = this
    if (auth.dcId === dcId && auth.serverAddress === serverAddress && auth.port === port) return
    this.#kept().change({ ...auth, dcId, serverAddress, port })
    this.#changed('auth')
  }

  /** A copy of the key of `dcId` (default: of the session's own data centre). */
  authKey(dcId?: number): Uint8Array | undefined {
    const key = this.#key(this.#otherDc(dcId))
    return key && Uint8Array.from(key)
  }

  /** Keeps a copy. Undefined takes the key from the client; see `isKeyLost` for what stays stored. */
  setAuthKey(key: Uint8Array | undefined, dcId?: number): void {
    if (key !== undefined && key.length !== AUTH_KEY_BYTES)
      throw new BadDataError(
        'session.bad_key',
        `an auth key has ${AUTH_KEY_BYTES} bytes, not ${key.length}`,
        {
          hint: 'Pass the whole key, as bytes.',
        },
      )
    const other = this.#otherDc(dcId)
    const before = this.#key(other)
    if (before === key || (before && key && Buffer.compare(before, key) === 0)) return
    const authKey = key && Uint8Array.from(key)
    if (other === undefined) return this.#setOwnKey(authKey)
    this.#rows().setOtherKey(other, authKey)
    this.#changed('cache')
  }

  /** After a logout: the key goes from the storage too. */
  forgetAuthKey(): void {
    if (this.#kept().forget()) this.#changed('auth')
  }

  get takeoutId(): bigint | undefined {
    return this.auth.takeoutId
  }

  set takeoutId(takeoutId: bigint | undefined) {
    const { auth } = this
    if (auth.takeoutId === takeoutId) return
    this.#kept().change({ ...auth, takeoutId })
    this.#changed('cache')
  }

  /** The account's own id, kept as Telethon keeps it: the hash of entity 0. */
  get userId(): bigint | undefined {
    return this.#rows().entity(0n)?.hash
  }

  set userId(userId: bigint) {
    if (this.userId === userId) return
    const self = { id: 0n, hash: userId, username: null, phone: null, name: null }
    this.#rows().putEntity(self, this.#seconds())
    this.#changed('auth')
  }

  /**
   * Takes in the entities of an answer or an update of Telegram. Never throws; does no I/O. After the session was closed
   * it takes nothing in, since clients go on for a while.
   */
  processEntities(value: unknown): void {
    if (this.#storage === undefined) return
    try {
      const { entities, selfId } = findEntities(value)
      if (selfId !== undefined) this.#meetSelf(selfId)
      if (this.saveEntities && entities.length > 0) this.upsert(entities)
    } catch (error) {
      this.report(error)
    }
  }

  /** Adds or refreshes entities (see `keepPeers`). */
  upsert(entities: readonly Entity[]): void {
    if (keepPeers(this.#rows(), entities, this.#seconds())) this.#changed('cache')
  }

  /** See `peerById`. */
  findById(id: bigint, exact?: boolean): Entity | undefined {
    return peerById(this.#rows(), id, exact)
  }

  /** See `peerByText`. */
  findByText(text: string): Entity | undefined {
    return peerByText(this.#rows(), text)
  }

  /** `id` is 0 for the account, or the bare positive id of a channel. */
  updateState(id: bigint | number): UpdateState | undefined {
    return this.#rows().updateState(BigInt(id))
  }

  setUpdateState(id: bigint | number, state: UpdateState): void {
    const before = this.updateState(id)
    const fields = ['pts', 'qts', 'date', 'seq'] as const
    if (before !== undefined && fields.every((field) => before[field] === state[field])) return
    this.#rows().setUpdateState(BigInt(id), state)
    this.#changed('cache')
  }

  updateStates(): [id: bigint, state: UpdateState][] {
    return this.#rows().updateStates()
  }

  /** A file that was uploaded before, so that it need not be again. */
  sentFile(key: SentFileKey): SentFile | undefined {
    return this.#rows().sentFile(key)
  }

  putSentFile(key: SentFileKey, file: SentFile): void {
    const before = this.sentFile(key)
    if (before?.id === file.id && before.hash === file.hash) return
    this.#rows().putSentFile({ ...key, md5: Uint8Array.from(key.md5) }, file)
    this.#changed('cache')
  }

  /** Calls `listener` after each change; returns what removes it. What it throws is reported, not passed on. */
  onChange(listener: (kind: ChangeKind) => void): () => void {
    const own = (kind: ChangeKind): void => listener(kind)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** For errors that no caller could catch. */
  report(error: unknown): void {
    const known = error instanceof Error ? error : new Error(String(error))
    try {
      this.#onError(known)
    } catch (broken) {
      process.emitWarning(broken instanceof Error ? broken : String(broken))
    }
  }

  #rows(): SessionStorage {
    if (this.#storage !== undefined) return this.#storage
    throw notLoaded()
  }

  #kept(): KeptHome {
    if (this.#home !== undefined) return this.#home
    throw notLoaded()
  }

  #key(otherDc: number | undefined): Uint8Array | undefined {
    return otherDc === undefined ? this.auth.authKey : this.#rows().otherKey(otherDc)
  }

  /** `dcId` if it is not the session's own data centre. */
  #otherDc(dcId: number | undefined): number | undefined {
    return dcId === 0 || dcId === this.dcId ? undefined : dcId
  }

  #setOwnKey(authKey: Uint8Array | undefined): void {
    const home = this.#kept()
    const wasLost = home.isKeyLost
    home.setKey(authKey)
    this.#changed('auth')
    if (home.isKeyLost && !wasLost) this.report(keyLost())
  }

  /** Telegram says `self` only to who is logged in. */
  #meetSelf(id: bigint): void {
    this.userId = id
    if (this.#kept().prove()) this.#changed('auth')
  }

  #changed(kind: ChangeKind): void {
    for (const listener of this.#listeners) {
      try {
        listener(kind)
      } catch (error) {
        this.report(error)
      }
    }
  }

  #seconds(): number {
    return Math.floor(this.#clock.wall() / 1000)
  }
}

function keyLost(): BadDataError {
  return new BadDataError('session.key_lost', "the client dropped the session's key, without a logout", {
    hint: 'Telegram may not know the key any more. What is stored keeps it: start again, and log in if that fails too.',
  })
}

function notLoaded(): UsageError {
  return new UsageError('session.not_loaded', 'the session is not loaded', {
    hint: 'Await session.load() before you use it, and again after close().',
  })
}
