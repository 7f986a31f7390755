import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../base/clock.ts'

/** Wrong tokens that are answered with 401 before 429 begins; one more is forgiven every six seconds. */
const WRONG_TOKENS = 10
const FORGIVEN_EVERY_MS = 6_000

export type TokenVerdict = 'right' | 'wrong' | 'too many'

/**
 * The one secret of the server. Wrong tokens are limited for everybody together, as the sender's address behind a proxy
 * is whatever the sender says; the right token is never held up by them.
 */
export class TokenGate {
  readonly #digest: Buffer
  readonly #clock: Pick<Clock, 'now'>
  #wrong = 0
  #countedAt: number

  constructor(token: string, clock: Pick<Clock, 'now'>) {
    this.#digest = sha256(token)
    this.#clock = clock
    this.#countedAt = clock.now()
  }

  /** Judges an Authorization header. Takes the same time for every wrong token. */
  judge(authorization: string | undefined): TokenVerdict {
    const given = /^Bearer ([\x21-\x7e]{1,512})$/.exec(authorization ?? '')?.[1]
    if (given !== undefined && timingSafeEqual(sha256(given), this.#digest)) return 'right'
    if (given === undefined) return 'wrong'
    this.#forgive()
    if (this.#wrong >= WRONG_TOKENS) return 'too many'
    this.#wrong++
    return 'wrong'
  }

  #forgive(): void {
    const periods = Math.floor((this.#clock.now() - this.#countedAt) / FORGIVEN_EVERY_MS)
    this.#wrong = Math.max(0, this.#wrong - periods)
    this.#countedAt += periods * FORGIVEN_EVERY_MS
  }
}

/** A fresh token of 256 bits, safe in a URL. */
export function freshToken(): string {
  return randomBytes(32).toString('base64url')
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
