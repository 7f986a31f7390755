import type { Clock } from '../../base/clock.ts'

interface Asked<Ask, Answer> {
  ask: Ask
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

export interface BatchOptions<Ask, Answer> {
  clock: Clock
  /** How long the first waits for others. */
  waitMs: number
  /** At most so many go together. */
  most: number
  /** One answer for each that asks, in their order. What it throws, all of them get. */
  answer: (asks: readonly Ask[]) => Promise<readonly Answer[]>
}

/** Answers all who ask at about the same time together. */
export class Batch<Ask, Answer> {
  readonly #options: BatchOptions<Ask, Answer>
  #asked: Asked<Ask, Answer>[] = []

  constructor(options: BatchOptions<Ask, Answer>) {
    this.#options = options
  }

  async ask(ask: Ask): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#asked.push({ ask, resolve, reject })
    if (this.#asked.length === 1) void this.#answerSoon()
    return await promise
  }

  async #answerSoon(): Promise<void> {
    const { clock, waitMs, most } = this.#options
    await clock.sleep(waitMs)
    const asked = this.#asked
    this.#asked = []
    for (let start = 0; start < asked.length; start += most)
      void this.#answer(asked.slice(start, start + most))
  }

  async #answer(asked: readonly Asked<Ask, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.answer(asked.map(({ ask }) => ask))
      for (const [index, answer] of answers.entries()) asked[index]?.resolve(answer)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}
