import type { AuthState, SessionStorage } from './storage.ts'

/**
 * A session's home and key, in its storage and as its client sees them. Usually that is the same. But a key that belongs
 * to an account is not taken from the storage because the client dropped it: a client does so when Telegram answers
 * -404 (teleproto then makes a fresh key, with which nobody is logged in), and on moving to another data centre. What
 * comes after such a key stays in memory until it is an account's key too.
 */
export class KeptHome {
  readonly #storage: SessionStorage
  /** Whether the stored key is an account's: it was there before us, or Telegram told us who we are. */
  #isProven: boolean
  /** What the client sees, where the storage keeps something else. */
  #unproven: AuthState | undefined
  #isKeyLost = false

  constructor(storage: SessionStorage) {
    this.#storage = storage
    this.#isProven = storage.auth().authKey !== undefined
  }

  /** As the client sees it. */
  get auth(): AuthState {
    return this.#unproven ?? this.#storage.auth()
  }

  /** Whether an account's key was dropped, and no login has followed. */
  get isKeyLost(): boolean {
    return this.#isKeyLost
  }

  /** Another address, takeout id, or data centre. In the last case the stored key stays where it belongs. */
  change(auth: AuthState): void {
    const stored = this.#storage.auth()
    const leavesItsKey = this.#isProven && stored.dcId !== 0 && stored.dcId !== auth.dcId
    if (leavesItsKey || this.#isKeyLost) this.#unproven = auth
    else this.#store(auth)
  }

  setKey(authKey: Uint8Array | undefined): void {
    const auth = { ...this.auth, authKey }
    this.#isKeyLost ||= this.#isProven && authKey === undefined
    if (this.#isKeyLost && !isSame(auth, this.#storage.auth())) this.#unproven = auth
    // Replacing one key by another is deliberate.
    else this.#store(auth)
  }

  /** The key at hand is an account's. Says whether the storage had another one until now. */
  prove(): boolean {
    const auth = this.#unproven
    if (this.auth.authKey === undefined) return false
    this.#isProven = true
    if (auth !== undefined) this.#store(auth)
    return auth !== undefined
  }

  /** After a logout the storage has no key either. Says whether there was one. */
  forget(): boolean {
    const hadKey = (this.auth.authKey ?? this.#storage.auth().authKey) !== undefined
    this.#isProven = false
    this.#store({ ...this.auth, authKey: undefined })
    return hadKey
  }

  #store(auth: AuthState): void {
    this.#storage.setAuth(auth)
    this.#unproven = undefined
    this.#isKeyLost = false
  }
}

function isSame(one: AuthState, other: AuthState): boolean {
  const isSameKey = one.authKey && other.authKey && Buffer.compare(one.authKey, other.authKey) === 0
  return isSameKey === true && one.dcId === other.dcId
}
