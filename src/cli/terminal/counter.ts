import type { TransferProgress } from '../../container/container-options.ts'
import { TgsessionError } from '../../base/errors.ts'
import { printJson } from './output.ts'

/** Counts what goes through, shows how far it is on one line of a terminal, and tells each failure. */
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
    const { isTTY } = process.stderr
    if (isTTY) process.stderr.write('\r\u001b[2K')
    if (error !== undefined) {
      // What is none of ours is a bug, and its text may quote anything.
      const known = error instanceof TgsessionError ? error : undefined
      const { code, message } = known ?? { code: 'unexpected', message: 'unexpected error, please report it' }
      this.#exitCode ||= known?.exitCode ?? 70
      this.#failed.push({ id, code, message })
      process.stderr.write(`tgsession: ${id}: ${message}\n`)
    }
    const of = this.#total === undefined ? '' : ` of ${this.#total}`
    if (isTTY) process.stderr.write(`${this.#what} ${done - this.#failed.length}${of}`)
  }

  /** Says how it went. Gives the exit code, that of the first failure. */
  end({ json }: { json: boolean }): number {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
    const good = this.#done - this.#failed.length
    if (json) printJson({ done: good, failed: this.#failed })
    else process.stdout.write(`${this.#what} ${good} of ${this.#total ?? this.#done} sessions.\n`)
    return this.#exitCode
  }
}
