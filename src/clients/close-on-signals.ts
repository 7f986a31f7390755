import { LeaseError } from '../base/errors.ts'
import { describeError, type Report } from '../base/life/report.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

interface Closing {
  close: () => Promise<void>
  report: Report
  isTold: boolean
}

/** Every session that this process has open. One listener serves them all. */
const open = new Set<Closing>()
/** The exit code of the first close that failed. */
let failed: number | undefined

/**
 * Closes at the first signal, or awaits the close that has begun. The program's own listeners decide when to end; where there are none
 * the signal ends it, after the last close. Returns what takes our listener away again; `close` calls it in the end.
 */
export function closeOnSignals(session: { close: () => Promise<void> }, report: Report): () => void {
  const closing = { close: () => session.close(), report, isTold: false }
  open.add(closing)
  // It comes first, to see all others, and stays until the end, since hosts signal more than once.
  for (const name of SIGNALS) process.off(name, onSignal).prependListener(name, onSignal)
  return () => forget(closing)
}

function forget(closing: Closing): void {
  open.delete(closing)
  if (open.size === 0) for (const name of SIGNALS) process.off(name, onSignal)
}

function onSignal(signal: NodeJS.Signals): void {
  const alone = process.listeners(signal).every((one) => one === onSignal)
  for (const closing of open) {
    if (closing.isTold) continue
    closing.isTold = true
    void closeBy(closing, signal, alone)
  }
}

async function closeBy(closing: Closing, signal: NodeJS.Signals, alone: boolean): Promise<void> {
  try {
    await closing.close()
  } catch (error) {
    closing.report('close.failed', describeError(error))
    failed ??= error instanceof LeaseError ? 75 : 79
    forget(closing)
  }
  if (!alone || open.size > 0) return
  if (failed !== undefined) process.exit(failed)
  process.kill(process.pid, signal)
}
