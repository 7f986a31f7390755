import { sha256 } from '../bytes.ts'

/** How long one server salt is the current one; it is accepted for as long again. In seconds. */
const SALT_LIFETIME = 1800

/** The server salts of one auth key: the first comes from the key exchange, the others from the key itself. */
export class Salts {
  readonly #authKey: Buffer
  readonly #first: bigint
  readonly #since: number

  /** @param since when the key was made, in seconds since 1970 */
  constructor(authKey: Buffer, first: bigint, since: number) {
    this.#authKey = authKey
    this.#first = first
    this.#since = since
  }

  current(now: number): bigint {
    return this.#salt(this.#index(now))
  }

  accepts(salt: bigint, now: number): boolean {
    const index = this.#index(now)
    return salt === this.#salt(index) || (index > 0 && salt === this.#salt(index - 1))
  }

  /** At most 64, the current one first. */
  upcoming(count: number, now: number): { since: number; until: number; salt: bigint }[] {
    const index = this.#index(now)
    return Array.from({ length: Math.min(Math.max(count, 1), 64) }, (_, i) => {
      const since = this.#since + (index + i) * SALT_LIFETIME
      return { since, until: since + 2 * SALT_LIFETIME, salt: this.#salt(index + i) }
    })
  }

  #index(now: number): number {
    return Math.max(0, Math.floor((now - this.#since) / SALT_LIFETIME))
  }

  #salt(index: number): bigint {
    return index === 0 ? this.#first : sha256(this.#authKey, Buffer.from(`salt ${index}`)).readBigInt64LE()
  }
}
