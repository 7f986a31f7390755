import { LeaseError } from '../errors.ts'
import { describeError, type Report } from './report.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Closes at the first signal, or awaits the close that has begun. The program's own listeners decide when to end; where there are none
 * the signal ends it, after the close. Returns what takes our listeners away again.
 */
export function closeOnSignals(session: { close: () => Promise<void> }, report: Report): () => void {
  const close = async (signal: NodeJS.Signals, alone: boolean): Promise<void> => {
    try {
      await session.close()
      if (alone) process.kill(process.pid, signal)
    } catch (error) {
      report('close.failed', describeError(error))
      if (alone) process.exit(error instanceof LeaseError ? 75 : 79)
    }
  }
  let isTold = false
  const listener = (signal: NodeJS.Signals): void => {
    if (!isTold) void close(signal, process.listenerCount(signal) === 1)
    isTold = true
  }
  // Ours comes first, to see them all, and stays until the end, since hosts signal more than once.
  for (const name of SIGNALS) process.prependListener(name, listener)
  return () => {
    for (const name of SIGNALS) process.off(name, listener)
  }
}
