import type { RandomBytes } from '../bytes.ts'
import type { Account } from './account.ts'

/** Tokens that spare the code at the next login, each of them once. */
export class FutureAuthTokens {
  readonly #accounts = new Map<string, Account>()
  readonly #randomBytes: RandomBytes

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes
  }

  /** Undefined for a bot, and for an account that is given none. */
  issue(account: Account): Buffer | undefined {
    if (account.fields.phone === null || account.fields.withoutFutureAuthTokens) return undefined
    const token = this.#randomBytes(32)
    this.#accounts.set(token.toString('hex'), account)
    return token
  }

  /** Whether one of the tokens belongs to the account; that one is used up. */
  redeem(tokens: readonly Uint8Array[], account: Account): boolean {
    const found = tokens
      .map((token) => Buffer.from(token).toString('hex'))
      .find((hex) => this.#accounts.get(hex) === account)
    return found !== undefined && this.#accounts.delete(found)
  }
}
