import { LeaseError, type UnreachableError } from '../../base/errors.ts'
import type { Lease } from '../../lease/lease.ts'
import type { Replica } from '../../replica/replica.ts'
import { askUntil, awaitSession, noAnswer, untilUnderstood } from '../await-session.ts'
import { Budget } from '../../base/life/budget.ts'
import { importSession } from '../import-session.ts'
import { releaseLease } from '../../lease/release-lease.ts'
import { patiently } from './patience.ts'
import { SessionFolder } from './file/session-folder.ts'
import { describeLoss, recording } from '../../base/life/report.ts'
import { type Prefetched, prefetch } from './restore.ts'
import { type RunOptions, Stop } from '../run-options.ts'
import { SAVE_FAILED, serve } from './serve.ts'
import { reached } from '../../base/life/step.ts'

export { type RunOptions, Stop } from '../run-options.ts'

/**
 * Keeps the session alive around a command: lease, restore, verify, place, start, save on change, stop, last save,
 * release; and again from the start when the session was replaced or the lease was lost. Returns the exit code.
 */
export async function run(replica: Replica, given: RunOptions): Promise<number> {
  const report = recording(given.report, replica)
  const options = { ...given, report }
  reached('boot')
  const served = { store: replica.store.label, name: replica.name }
  const made = await patiently(
    options,
    (ms) => noAnswer(replica.store.label, ms),
    (waiting) => SessionFolder.make(options.file, served, options, waiting),
  )
  if (made instanceof Stop) return made.exitCode
  const folder = made
  const budget = new Budget(options.stop, options.shutdownMs, options.clock)
  let exitCode: number | undefined
  // A key that the command loses twice in a row is not served a third time.
  let lostKey: string | undefined
  let avoid: string | undefined
  try {
    for (;;) {
      const acquired = await acquire(replica, options, avoid)
      if (acquired instanceof Stop) return acquired.exitCode
      const turn = await underLease(acquired.lease, options, budget, () =>
        serve({ ...acquired, replica, folder, budget }, options),
      )
      const { why, base } = turn
      if (why === 'exited' || why === 'stopped') return (exitCode = turn.exitCode)
      report('session.again', { because: why })
      const key = why === 'quarantined' ? base?.keyFingerprint : undefined
      avoid = key !== undefined && key === lostKey ? base?.objectKey : undefined
      lostKey = key
    }
  } finally {
    budget.close()
    const kept = exitCode === SAVE_FAILED ? await folder.keep() : undefined
    if (kept !== undefined) report('session.kept', { file: kept })
    else await folder.remove()
  }
}

interface Turn {
  lease: Lease
  prefetched: Prefetched
}

/** The lease, once there is something to serve; or the stop that came first. */
async function acquire(
  replica: Replica,
  options: RunOptions,
  avoid: string | undefined,
): Promise<Turn | Stop> {
  const { report } = options
  const silent = (ms: number): UnreachableError => noAnswer(replica.store.label, ms)
  return await patiently(options, silent, async ({ signal, awaiting }) => {
    const waiting = { ...options, signal, onAwaiting: awaiting }
    const { importing } = options
    const take = async (): Promise<Turn> => {
      if (importing) await askUntil(waiting, () => importSession(replica, importing, waiting))
      const { bytes } = await awaitSession(replica, { ...waiting, avoid })
      reached('session.found')
      const prefetched = prefetch(replica, bytes, signal)
      const lease = await replica.lease({
        signal,
        // Deleted while it was waited for: nothing is to be taken then, but to be waited for.
        stillWanted: () => replica.lastSeen?.current !== null,
        onWaiting: ({ label, since }) => {
          awaiting(held(label, since))
          report('lease.waiting', { holder: label, since })
        },
      })
      return { lease, prefetched }
    }
    const acquired = await untilUnderstood(waiting, async () => {
      for (;;) {
        const turn = await take().catch(unlessGone)
        if (turn) return turn
      }
    })
    reached('lease.taken')
    report('lease.taken', { generation: acquired.lease.generation })
    return acquired
  })
}

function unlessGone(error: unknown): null {
  if (error instanceof LeaseError && error.code === 'lease.not_wanted') return null
  throw error
}

/** Tells of the loss of the lease, and lets it go when `use` is over, however it ended. */
async function underLease<T>(
  lease: Lease,
  { report }: RunOptions,
  budget: Budget,
  use: () => Promise<T>,
): Promise<T> {
  const onLost = (): void => report('lease.lost', describeLoss(lease.signal.reason))
  lease.signal.addEventListener('abort', onLost, { once: true })
  if (lease.signal.aborted) onLost()
  try {
    return await use()
  } finally {
    await releaseLease(lease, report, budget.release)
  }
}

function held(holder: string, since: string): LeaseError {
  return new LeaseError('lease.held', `the session is in use by ${holder} since ${since}`, {
    hint: 'One instance at a time may use it. This one takes over when the other stops.',
  })
}
