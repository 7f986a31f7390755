import { LeaseError } from '../base/errors.ts'
import type { Lease } from './lease.ts'
import { checkpointOf, type Holder, type LeaseRecord } from './record.ts'
import type { LeaseOptions } from './take.ts'

export interface TakeFromTheDead {
  take: (options: Pick<LeaseOptions, 'signal' | 'onWaiting' | 'stillWanted'>) => Promise<Lease>
  /** The error for a holder that lives. */
  held: (holder: Holder) => LeaseError
  signal?: AbortSignal | undefined
  /** Called if it takes `holder.ttlMs` to see whether this holder is alive. */
  onWaiting?: ((holder: Holder) => void) | undefined
}

/** The lease, unless its holder is alive or another was faster: never waits for a holder that renews. */
export async function takeFromTheDead({ take, held, ...options }: TakeFromTheDead): Promise<Lease> {
  const seen: { first?: LeaseRecord; holder: Holder | null } = { holder: null }
  const stillWanted = (record: LeaseRecord): boolean => {
    seen.first ??= record
    seen.holder = record.holder
    return record.holder === null || checkpointOf(record) === checkpointOf(seen.first)
  }
  try {
    return await take({ ...options, stillWanted })
  } catch (error) {
    if (error instanceof LeaseError && error.code === 'lease.not_wanted' && seen.holder)
      throw held(seen.holder)
    throw error
  }
}
