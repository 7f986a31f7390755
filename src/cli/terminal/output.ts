import { constants } from 'node:os'
import { systemClock } from '../../base/clock.ts'
import { TgsessionError } from '../../base/errors.ts'
import { show, showJson } from '../../base/show.ts'
import { sparingly } from './log.ts'
import { writeAbove } from './status-line.ts'

/** The user pressed Ctrl-C at a prompt, or the host ended it. Nothing went wrong. */
export class Interrupted extends Error {
  /** What a shell gives for the signal: 130 for Ctrl-C. */
  readonly exitCode: number

  constructor(signal: NodeJS.Signals = 'SIGINT') {
    super(`interrupted by ${signal}`)
    this.name = 'Interrupted'
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** Lines of an answer. Foreign text in them is neutralised. */
export function say(...lines: string[]): void {
  process.stdout.write(lines.map((line) => `${show(line)}\n`).join(''))
}

/** Lines beside the answer: a warning, a question's outcome, what is awaited. */
export function note(...lines: string[]): void {
  writeAbove(lines.map((line) => `${show(line)}\n`).join(''))
}

export function printJson(value: unknown, stream: 'stdout' | 'stderr' = 'stdout'): void {
  process[stream].write(`${showJson(value)}\n`)
}

/** One line for what went wrong, one for what to do next; with `json` the same as an object. Returns the exit code. */
export function printError(
  error: unknown,
  { json, stream }: { json: boolean; stream?: 'stdout' | 'stderr' },
): number {
  if (error instanceof Interrupted) {
    note('Cancelled. Nothing was stored.')
    return error.exitCode
  }
  if (!(error instanceof TgsessionError)) {
    // A bug of ours: the stack helps, and holds no values.
    process.stderr.write(
      `tgsession: unexpected error, please report it\n${error instanceof Error ? error.stack : 'unknown'}\n`,
    )
    return 70
  }
  const { code, message, hint, exitCode } = error
  if (json) printJson({ error: { code, message, hint, exitCode } }, stream)
  if (!json || stream !== 'stderr') note(...linesOf(code, `tgsession: ${message}`), `  ${hint}`)
  return exitCode
}

/** Only the list of what is wrong with the settings has lines, and all of them are ours. */
export function linesOf(code: string | undefined, message: string): string[] {
  return code === 'config.invalid' ? message.split('\n') : [message]
}

/** A command that waits says why. */
export const onTrouble = sparingly((message) => note(`tgsession: ${message}; trying again`), systemClock)

/** `94208` → `92 KiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
