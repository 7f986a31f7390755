import type { RandomBytes } from '../bytes.ts'

/** How long a login code can be used, in milliseconds. */
const CODE_LIFETIME = 5 * 60_000

interface SentCode {
  hash: string
  sentAt: number
  isResent: boolean
}

/** The login codes under way: one for each phone number. */
export class LoginCodes {
  readonly #byPhone = new Map<string, SentCode>()
  readonly #now: () => number
  readonly #randomBytes: RandomBytes

  constructor(now: () => number, randomBytes: RandomBytes) {
    this.#now = now
    this.#randomBytes = randomBytes
  }

  /** The phone_code_hash; the code of an earlier call is void. */
  send(phone: string): string {
    const hash = this.#randomBytes(9).toString('hex')
    this.#byPhone.set(phone, { hash, sentAt: this.#now(), isResent: false })
    return hash
  }

  isCurrent(phone: string, hash: string): boolean {
    const sent = this.#byPhone.get(phone)
    return sent?.hash === hash && this.#now() - sent.sentAt <= CODE_LIFETIME
  }

  /** False when the code was sent a second time before. */
  resend(phone: string): boolean {
    const sent = this.#byPhone.get(phone)
    if (!sent || sent.isResent) return false
    sent.isResent = true
    return true
  }

  forget(phone: string): void {
    this.#byPhone.delete(phone)
  }
}
