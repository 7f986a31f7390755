import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LeaseError, type UnreachableError } from '../errors.ts'
import type { Revision } from '../replica/head.ts'
import type { Lease } from '../replica/lease.ts'
import type { KeptSession, OnProgress, Restored } from '../replica/kept-session.ts'
import { awaitSession, noAnswer } from './await-session.ts'
import { Budget } from './budget.ts'
import { letGo } from './let-go.ts'
import type { Report } from './report.ts'
import { patiently } from './patience.ts'
import { type RunOptions, Stop } from './run-options.ts'
import { SAVE_FAILED, serve } from './serve.ts'
import { reached } from './step.ts'

export { type RunOptions, Stop } from './run-options.ts'

/**
 * Keeps the session alive around a command: lease, restore, verify, place, start, save on change, stop, last save,
 * release; and again from the start when the session was replaced or the lease was lost. Returns the exit code.
 */
export async function run(replica: KeptSession, options: RunOptions): Promise<number> {
  const { report } = options
  reached('boot')
  const folder = options.file ? undefined : await mkdtemp(path.join(tmpdir(), 'tgsession-'))
  const file =
    options.file ?? path.join(folder ?? '', `${encodeURIComponent(replica.name).slice(0, 100)}.session`)
  const budget = new Budget(options.stop, options.shutdownMs, options.clock)
  let exitCode: number | undefined
  try {
    for (let [lost, avoid] = [undefined as Revision | undefined, undefined as string | undefined]; ;) {
      const turn = await waitForTurn(replica, options, avoid)
      if (turn instanceof Stop) return turn.exitCode
      const { lease, ahead } = turn
      const served = await servedUnder(lease, report, budget, () =>
        serve({ replica, lease, ahead, file, budget }, options),
      )
      if (served.why === 'exited' || served.why === 'stopped') return (exitCode = served.exitCode)
      report('session.again', { because: served.why })
      const before = lost?.keyFingerprint
      lost = served.why === 'aside' ? served.base : undefined
      avoid = lost && lost.keyFingerprint === before ? lost.key : undefined
    }
  } finally {
    budget.close()
    if (folder && exitCode !== SAVE_FAILED) await rm(folder, { recursive: true, force: true })
    else if (folder) report('session.kept', { file })
  }
}

interface Turn {
  lease: Lease
  /** The session as it was before the lease was taken: read meanwhile, never used without a look at the head. */
  ahead: (onProgress: OnProgress) => Promise<Restored | null>
}

/** A larger one is not kept in memory for as long as another serves; nor one of which nobody knows later whether it is current. */
const AHEAD_BYTES = 16 * 1024 * 1024

/** The lease, once there is something to serve; or the stop that came first. */
async function waitForTurn(
  replica: KeptSession,
  options: RunOptions,
  avoid: string | undefined,
): Promise<Turn | Stop> {
  const { report } = options
  const silent = (ms: number): UnreachableError => noAnswer(replica.store.label, ms)
  return await patiently(options, silent, async ({ signal, awaiting }) => {
    const { bytes } = await awaitSession(replica, { ...options, signal, avoid, onAwaiting: awaiting })
    reached('session.found')
    // Whatever goes wrong with it goes wrong again under the lease, and is told then.
    const isUseful = replica.lastSeen !== undefined && bytes <= AHEAD_BYTES
    const ahead = isUseful ? readAhead(replica, signal) : () => Promise.resolve(null)
    const lease = await replica.lease({
      signal,
      onWaiting: ({ label, since }) => {
        awaiting(held(label, since))
        report('lease.waiting', { holder: label, since })
      },
    })
    reached('lease.taken')
    report('lease.taken', { generation: lease.generation })
    return { lease, ahead }
  })
}

/** Begins at once; how far it is hears who asks for it. */
function readAhead(replica: KeptSession, signal: AbortSignal): Turn['ahead'] {
  let tell: OnProgress | undefined
  const read = replica.restore({ signal, onProgress: (...moved) => tell?.(...moved) }).catch(() => null)
  return (onProgress) => {
    tell = onProgress
    return read
  }
}

/** Lets the lease go when `use` is over, however it ended. */
async function servedUnder<T>(
  lease: Lease,
  report: Report,
  budget: Budget,
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use()
  } finally {
    reached('release.begun')
    await letGo(lease, report, budget.release)
    reached('release.done')
  }
}

function held(holder: string, since: string): LeaseError {
  return new LeaseError('lease.held', `the session is in use by ${holder} since ${since}`, {
    hint: 'One instance at a time may use it. This one takes over when the other stops.',
  })
}
