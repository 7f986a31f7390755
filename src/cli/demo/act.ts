import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import type { FakeDc, FakeDcEvent } from '../../fake-dc/fake-dc.ts'

/** Ends what would hang, also on a machine that has much else to do. */
const PATIENCE_MS = 120_000

/** The steps that the audience sees, watched at the data centre. */
export class Act {
  readonly #dc: FakeDc
  readonly #events: FakeDcEvent[]
  readonly #show: (line: string) => void
  readonly #userId: bigint
  #number = 0

  constructor(dc: FakeDc, userId: bigint, events: FakeDcEvent[], show: (line: string) => void) {
    this.#userId = userId
    this.#dc = dc
    this.#events = events
    this.#show = show
  }

  title(text: string): void {
    this.#show(`\n${styleText('bold', `${++this.#number}. ${text}`)}`)
  }

  /** What the audience came to see happened. */
  proved(text: string): void {
    this.#show(`  ${styleText('green', '✔')} ${text}`)
  }

  /** A person writes `.ping` into Saved Messages until the bot answers. */
  async ping(who: string): Promise<void> {
    const before = this.#dc.messages(this.#userId).length
    let askedAt = 0
    await this.#until('the bot to connect', () => this.#dc.stats().keys.some(({ open }) => open > 0))
    await this.#until('an answer to .ping', () => {
      const messages = this.#dc.messages(this.#userId).slice(before)
      if (messages.some(({ text }) => text.startsWith('pong'))) return true
      if (Date.now() - askedAt > 1000) {
        this.#dc.sendMessage(this.#userId, '.ping', { userId: 42n + BigInt(this.#number), firstName: who })
        askedAt = Date.now()
      }
      return false
    })
    this.proved(`.ping → pong, from the ${who} dyno`)
  }

  /** When the first request arrived on a connection that was opened after `since`. */
  async requestAfter(since: number): Promise<number> {
    let at: number | undefined
    await this.#until('the new dyno to reach the data centre', () => {
      const opened = new Set(
        this.#events.filter((e) => e.type === 'connect' && e.at > since).map((e) => e.connectionId),
      )
      at = this.#events.find((e) => e.type === 'request' && opened.has(e.connectionId))?.at
      return at !== undefined
    })
    return at ?? NaN
  }

  async #until(what: string, done: () => boolean): Promise<void> {
    const giveUpAt = Date.now() + PATIENCE_MS
    while (!done()) {
      if (Date.now() > giveUpAt) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
      await sleep(20)
    }
  }
}
