import { constants } from 'node:os'
import { systemClock } from '../../base/clock.ts'
import { TgsessionError } from '../../base/errors.ts'
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

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** One line for what went wrong, one for what to do next; with `json` the same as an object. Returns the exit code. */
export function printError(error: unknown, { json }: { json: boolean }): number {
  if (error instanceof Interrupted) {
    process.stderr.write('Cancelled. Nothing was stored.\n')
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
  if (json) printJson({ error: { code, message, hint, exitCode } })
  process.stderr.write(`tgsession: ${message}\n  ${hint}\n`)
  return exitCode
}

/** A command that waits says why. */
export const onTrouble = sparingly(
  (message) => writeAbove(`tgsession: ${message}; trying again\n`),
  systemClock,
)

/** Rows of `name   value`, aligned. */
export function printTable(rows: Record<string, string>): void {
  const width = Math.max(...Object.keys(rows).map((name) => name.length))
  for (const [name, value] of Object.entries(rows)) process.stdout.write(`${name.padEnd(width)}  ${value}\n`)
}

/** Rows of cells, each column as wide as its widest cell. */
export function printRows(rows: string[][]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    )
}

/** `94208` → `92 KiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
