import type { RandomBytes } from '../bytes.ts'
import type { Account } from './account.ts'

/** How long a QR code can be scanned, in milliseconds. */
const TOKEN_LIFETIME = 30_000

interface LoginToken<Key> {
  token: Buffer
  key: Key
  expires: number
  acceptedBy: Account | null
}

/** QR logins under way: tokens that a logged-in device may accept. */
export class LoginTokens<Key> {
  #tokens: LoginToken<Key>[] = []
  readonly #now: () => number
  readonly #randomBytes: RandomBytes

  constructor(now: () => number, randomBytes: RandomBytes) {
    this.#now = now
    this.#randomBytes = randomBytes
  }

  create(key: Key): { token: Buffer; expires: number } {
    const token = {
      token: this.#randomBytes(32),
      key,
      expires: this.#now() + TOKEN_LIFETIME,
      acceptedBy: null,
    }
    this.#tokens = [...this.#tokens.filter((each) => each.expires > this.#now()), token]
    return token
  }

  /** The key that the token logs in; null when there is no such token any more. */
  accept(token: Uint8Array, account: Account): Key | null {
    const found = this.#tokens.find((each) => each.token.equals(token) && each.expires > this.#now())
    if (!found || found.acceptedBy) return null
    found.acceptedBy = account
    return found.key
  }

  /** Whoever accepted a token of that key; asked once. */
  takeAccepted(key: Key): Account | null {
    const account = this.#tokens.find((each) => each.key === key && each.acceptedBy)?.acceptedBy ?? null
    if (account) this.#tokens = this.#tokens.filter((each) => each.key !== key)
    return account
  }
}
