import { formatBytes } from './output.ts'
import { drawLine, writeAbove } from './status-line.ts'

/** `total` is undefined while it is unknown. */
type OnProgress = (done: number, total: number | undefined) => void

/** A transfer that is over sooner shows nothing. */
const PATIENCE_MS = 1000
const EVERY_MS = 100
const WIDTH = 24

/**
 * Shows how far a transfer is, on one line of a terminal, once it has taken a second; nothing where there is no
 * terminal. Not clack's bar: that takes the keyboard, and makes of Ctrl-C an exit with 0.
 */
export async function withProgress<T>(
  what: string,
  work: (onProgress: OnProgress) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  if (!stream.isTTY) return await work(() => undefined)
  const began = performance.now()
  let seen: { done: number; total: number | undefined } = { done: 0, total: undefined }
  let shown = 0
  const show = (): void => {
    if (performance.now() - began < PATIENCE_MS) return
    drawLine(`${what} ${barOf(seen.done, seen.total, shown++)}`, stream)
  }
  const timer = setInterval(show, EVERY_MS)
  try {
    return await work((done, total) => (seen = { done, total }))
  } finally {
    clearInterval(timer)
    writeAbove('', stream)
  }
}

/** `[######······] 12 KiB of 94 KiB`; without a total something that moves. */
export function barOf(done: number, total: number | undefined, tick: number): string {
  if (total === undefined || total === 0 || done === 0) return '|/-\\'.charAt(tick % 4)
  const full = Math.round(Math.min(1, done / total) * WIDTH)
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${formatBytes(done)} of ${formatBytes(total)}`
}

/** Shows that a wait goes on, once it has taken a second. */
export async function withSpinner<T>(what: string, work: () => Promise<T>): Promise<T> {
  return await withProgress(what, work)
}
