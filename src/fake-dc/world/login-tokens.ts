import type { RandomBytes } from '../bytes.ts'
import type { Account } from './account.ts'

/** How long a QR code can be scanned, in milliseconds. */
const TOKEN_LIFETIME = 30_000

/** Who scanned the code; or the data centre where that account lives, and what lets the client in there. */
export type Scan = { account: Account } | { dcId: number; token: Buffer }

interface LoginToken<Key> {
  token: Buffer
  key: Key
  expires: number
  scan: Scan | null
}

/** QR logins under way: tokens that a logged-in device may accept. */
export class LoginTokens<Key> {
  #tokens: LoginToken<Key>[] = []
  readonly #grants = new Map<string, Account>()
  readonly #now: () => number
  readonly #randomBytes: RandomBytes

  constructor(now: () => number, randomBytes: RandomBytes) {
    this.#now = now
    this.#randomBytes = randomBytes
  }

  create(key: Key): { token: Buffer; expires: number } {
    const token = { token: this.#randomBytes(32), key, expires: this.#now() + TOKEN_LIFETIME, scan: null }
    this.#tokens = [...this.#tokens.filter((each) => each.expires > this.#now()), token]
    return token
  }

  /** The key that the token logs in; null when there is no such token any more. */
  accept(token: Uint8Array, scan: Scan): Key | null {
    const found = this.#tokens.find((each) => each.token.equals(token) && each.expires > this.#now())
    if (!found || found.scan) return null
    found.scan = scan
    return found.key
  }

  /** What became of the tokens of that key; asked once. */
  takeScan(key: Key): Scan | null {
    const scan = this.#tokens.find((each) => each.key === key && each.scan)?.scan ?? null
    if (scan) this.#tokens = this.#tokens.filter((each) => each.key !== key)
    return scan
  }

  /** A token for a client that another data centre sends here. */
  grant(account: Account): Buffer {
    const token = this.#randomBytes(32)
    this.#grants.set(token.toString('hex'), account)
    return token
  }

  /** Whom a granted token logs in; null for any other. */
  redeem(token: Uint8Array): Account | null {
    const hex = Buffer.from(token).toString('hex')
    const account = this.#grants.get(hex) ?? null
    this.#grants.delete(hex)
    return account
  }
}
