/** The server's message ids: unix time in units of 2^-32 s, growing, 1 mod 4 for answers and 3 for the rest. */
export class MessageIds {
  readonly #now: () => number
  #last = 0n

  constructor(now: () => number) {
    this.#now = now
  }

  next(isAnswer: boolean): bigint {
    const now = this.#now()
    const fraction = BigInt(Math.floor(((now % 1000) / 1000) * 2 ** 32))
    const wanted = ((BigInt(Math.floor(now / 1000)) << 32n) | fraction) & ~3n
    // Clients ignore messages whose ids do not grow, also if the clock does not advance.
    const base = wanted > this.#last ? wanted : (this.#last & ~3n) + 4n
    this.#last = base
    return base + (isAnswer ? 1n : 3n)
  }
}

/** Why a client's message id is refused (error codes of bad_msg_notification); null when it is fine. */
export function clockError(messageId: bigint, now: number): number | null {
  const seconds = Number(messageId >> 32n)
  if (seconds < now - 300) return 16
  if (seconds > now + 30) return 17
  return (messageId & 3n) === 0n ? null : 18
}
