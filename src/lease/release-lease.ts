import { unlessAborted } from '../base/clock.ts'
import type { Lease } from './lease.ts'
import { describeError, type Report } from '../base/life/report.ts'
import { reached } from '../base/life/step.ts'

/** A lease that could not be released runs out by itself: reported, but no failure. */
export async function releaseLease(lease: Lease, report: Report, signal?: AbortSignal): Promise<void> {
  reached('release.begun')
  await unlessAborted(lease.release(), signal).then(
    () => report('lease.released', { generation: lease.generation }),
    (error: unknown) => report('lease.release_failed', describeError(error)),
  )
  reached('release.done')
}
