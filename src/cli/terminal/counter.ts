import type { TransferProgress } from '../../container/container-options.ts'
import { TgsessionError } from '../../base/errors.ts'
import { note, printJson, say } from './output.ts'
import { drawLine, writeAbove } from './status-line.ts'

/** Counts what goes through, shows the progress on one line of a terminal, and reports each failure. */
export class Counter {
  readonly #what: string
  readonly #total: number | undefined
  readonly #failed: { id: string; code: string; message: string }[] = []
  #done = 0
  #exitCode = 0

  /** `what`, as in "Imported". */
  constructor(what: string, total?: number) {
    this.#what = what
    this.#total = total
  }

  note({ id, done, error }: TransferProgress): void {
    this.#done = done
    if (error !== undefined) {
      // What is none of ours is a bug, and its text may quote anything.
      const known = error instanceof TgsessionError ? error : undefined
      const { code, message } = known ?? { code: 'unexpected', message: 'unexpected error, please report it' }
      this.#exitCode ||= known?.exitCode ?? 70
      this.#failed.push({ id, code, message })
      note(`tgsession: ${id}: ${message}`)
    }
    const of = this.#total === undefined ? '' : ` of ${this.#total}`
    if (process.stderr.isTTY) drawLine(`${this.#what} ${done - this.#failed.length}${of}`, process.stderr)
  }

  /** Says how it went. Gives the exit code, that of the first failure. */
  end({ json }: { json: boolean }): number {
    writeAbove('')
    const good = this.#done - this.#failed.length
    if (json) printJson({ done: good, failed: this.#failed })
    else say(`${this.#what} ${good} of ${this.#total ?? this.#done} sessions.`)
    return this.#exitCode
  }
}
