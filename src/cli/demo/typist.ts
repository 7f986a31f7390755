import { PassThrough, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** A terminal at which a script sits: it reads the screen, and types each answer once its question is there. */
export class Typist {
  readonly input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  readonly output: Writable & { columns: number; isTTY: boolean }
  readonly #script: { question: string; answer: string }[]
  #screen = ''

  /** `show` gets what a person would see. */
  constructor(script: { question: string; answer: string }[], show: (text: string) => void) {
    this.#script = [...script]
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        show(chunk.toString())
        this.#read(chunk.toString())
        done()
      },
    })
    this.output = Object.assign(output, { columns: 100, isTTY: true })
  }

  /** Questions that were never asked. */
  get left(): string[] {
    return this.#script.map(({ question }) => question)
  }

  #read(text: string): void {
    this.#screen += text
    const next = this.#script[0]
    if (!next || !this.#screen.includes(next.question)) return
    this.#script.shift()
    this.#screen = ''
    void this.#type(next.answer)
  }

  async #type(answer: string): Promise<void> {
    for (const key of `${answer}\r`) {
      await sleep(25)
      this.input.write(key)
    }
  }
}
