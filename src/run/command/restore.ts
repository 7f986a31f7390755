import { unlessAborted } from '../../base/clock.ts'
import { UnreachableError } from '../../base/errors.ts'
import type { OnProgress } from '../../base/transfer.ts'
import type { Replica, Restored } from '../../replica/replica.ts'
import type { Lease } from '../../lease/lease.ts'
import { isNewer } from '../await-session.ts'
import { describeError } from '../../base/life/report.ts'
import { type RunOptions, showNothing } from '../run-options.ts'

/** The session as it was before the lease was taken: read meanwhile, never used without a look at the head. */
export type Prefetched = (onProgress: OnProgress) => Promise<Restored | null>

/** A larger session is not kept in memory while another instance serves, nor one that could not be compared later. */
const AHEAD_BYTES = 16 * 1024 * 1024

/**
 * Begins at once and reports its progress on demand. A failure is not reported: it happens again under the lease, and is
 * reported there.
 */
export function prefetch(replica: Replica, bytes: number, signal: AbortSignal): Prefetched {
  if (replica.lastSeen === undefined || bytes > AHEAD_BYTES) return () => Promise.resolve(null)
  let tell: OnProgress | undefined
  const read = replica.restore({ signal, onProgress: (...moved) => tell?.(...moved) }).catch(() => null)
  return (onProgress) => {
    tell = onProgress
    return read
  }
}

/** The verified session: the prefetched one if still current. Null if the stop or the loss of the lease came first. */
export async function restore(
  replica: Replica,
  { lease, prefetched }: { lease: Lease; prefetched: Prefetched },
  options: RunOptions,
): Promise<Restored | null> {
  const { stop, clock, report, showProgress = showNothing } = options
  const signal = AbortSignal.any([stop, lease.signal])
  const what = 'Fetching the session'
  try {
    const read = await showProgress(what, (onProgress) => unlessAborted(prefetched(onProgress), signal))
    // The newest head that this process knows is at least the one with which the lease was taken.
    const current = replica.lastSeen?.current
    if (read && current?.objectKey === read.revision.objectKey)
      return { revision: current, bytes: read.bytes }
    for (let told: string | undefined; ;) {
      try {
        return await showProgress(what, (onProgress) => replica.restore({ signal, lease, onProgress }))
      } catch (error) {
        if (!(error instanceof UnreachableError) || signal.aborted) throw error
        if (told !== error.message) report('session.unreachable', describeError(error))
        told = error.message
        await clock.sleep(5000, signal)
      }
    }
  } catch (error) {
    // What a newer release wrote meanwhile is not for this one to serve.
    if (signal.aborted || isNewer(error)) return null
    throw error
  }
}
