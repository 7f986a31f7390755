import type { RandomBytes } from '../bytes.ts'
import { RpcError } from '../errors.ts'
import type { Account } from './account.ts'
import type { Authorization } from './authorization.ts'

/** How long a QR code can be scanned, in milliseconds. */
const TOKEN_LIFETIME = 30_000

/** The account that lets a client in, and the login that results. */
export interface Grant {
  account: Account
  authorization: Authorization
}

/** Who scanned the code; or the data centre where that account lives, and what lets the client in there. */
export type Scan = Grant | { dcId: number; token: Buffer }

interface LoginToken<Key> {
  token: Buffer
  key: Key
  expires: number
  scan: Scan | null
}

/** QR logins under way: tokens that a logged-in device may accept. */
export class LoginTokens<Key> {
  #tokens: LoginToken<Key>[] = []
  readonly #grants = new Map<string, Grant>()
  readonly #now: () => number
  readonly #randomBytes: RandomBytes

  constructor(now: () => number, randomBytes: RandomBytes) {
    this.#now = now
    this.#randomBytes = randomBytes
  }

  /** The last token of a key stays known when it has expired, so that this can be said. */
  create(key: Key): { token: Buffer; expires: number } {
    const token = { token: this.#randomBytes(32), key, expires: this.#now() + TOKEN_LIFETIME, scan: null }
    const others = this.#tokens.filter((each) => each.key !== key || each.expires > this.#now())
    this.#tokens = [...others, token]
    return token
  }

  has(token: Uint8Array): boolean {
    return this.#tokens.some((each) => each.token.equals(token))
  }

  /** The key that the token will log in. @throws RpcError when it can not be accepted (now) */
  keyOf(token: Uint8Array): Key {
    const found = this.#tokens.find((each) => each.token.equals(token))
    if (!found) throw new RpcError(400, 'AUTH_TOKEN_INVALID')
    if (found.scan) throw new RpcError(400, 'AUTH_TOKEN_ALREADY_ACCEPTED')
    if (found.expires <= this.#now()) throw new RpcError(400, 'AUTH_TOKEN_EXPIRED')
    return found.key
  }

  accept(token: Uint8Array, scan: Scan): void {
    const found = this.#tokens.find((each) => each.token.equals(token))
    if (found) found.scan = scan
  }

  /** What became of the tokens of that key; asked once. */
  takeScan(key: Key): Scan | null {
    const scan = this.#tokens.find((each) => each.key === key && each.scan)?.scan ?? null
    if (scan) this.forget(key)
    return scan
  }

  forget(key: Key): void {
    this.#tokens = this.#tokens.filter((each) => each.key !== key)
  }

  /** A token for a client that another data centre sends here. */
  grant(grant: Grant): Buffer {
    const token = this.#randomBytes(32)
    this.#grants.set(token.toString('hex'), grant)
    return token
  }

  /** Whom a granted token logs in; null for any other. */
  redeem(token: Uint8Array): Grant | null {
    const hex = Buffer.from(token).toString('hex')
    const grant = this.#grants.get(hex) ?? null
    this.#grants.delete(hex)
    return grant
  }

  /** False if no login has that hash. */
  withdraw(account: Account, hash: bigint): boolean {
    for (const [token, grant] of this.#grants)
      if (grant.account === account && grant.authorization.hash === hash) return this.#grants.delete(token)
    return false
  }
}
