import { LeaseError } from '../../base/errors.ts'
import { describeError, type Report } from '../report.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Ours, of every session that this process has open; what listens besides is the program's own. */
const ours = new Set<NodeJS.SignalsListener>()
/** The exit code of the first close that failed. */
let failed: number | undefined

/**
 * Closes at the first signal, or awaits the close that has begun. The program's own listeners decide when to end; where there are none
 * the signal ends it, after the last close. Returns what takes our listeners away again; `close` calls it in the end.
 */
export function closeOnSignals(session: { close: () => Promise<void> }, report: Report): () => void {
  const close = async (signal: NodeJS.Signals, alone: boolean): Promise<void> => {
    try {
      await session.close()
    } catch (error) {
      report('close.failed', describeError(error))
      failed ??= error instanceof LeaseError ? 75 : 79
      forget()
    }
    if (!alone || ours.size > 0) return
    if (failed !== undefined) process.exit(failed)
    process.kill(process.pid, signal)
  }
  let isTold = false
  const listener = (signal: NodeJS.Signals): void => {
    if (!isTold)
      void close(
        signal,
        process.listeners(signal).every((one) => ours.has(one)),
      )
    isTold = true
  }
  const forget = (): void => {
    ours.delete(listener)
    for (const name of SIGNALS) process.off(name, listener)
  }
  ours.add(listener)
  // Ours comes first, to see them all, and stays until the end, since hosts signal more than once.
  for (const name of SIGNALS) process.prependListener(name, listener)
  return forget
}
