import type { StoreOptions } from '../../store/store.ts'
import { lostLease, type Pruned } from '../changes.ts'
import { refersTo } from '../head.ts'
import type { Lease } from '../../lease/lease.ts'
import { dropped } from '../prune.ts'
import type { RepairParts } from '../repair.ts'
import { renamed, storeAgain } from './store-again.ts'

export interface Resealed {
  /** How many revisions are sealed for another key now. */
  resealed: number
  /** The numbers of those that could not be opened, and stay as they are. */
  left: number[]
}

/** Seals every revision that is not sealed for the present key anew, names them in one change, and removes the former. */
export async function reseal(
  { head, revisions, writer }: RepairParts,
  lease: Lease,
  options: StoreOptions,
): Promise<Resealed> {
  const both = { from: revisions, to: revisions }
  const isStale = ({ sealedFor }: { sealedFor?: string | null | undefined }): boolean =>
    sealedFor !== revisions.sealsFor
  const { moved, left } = await storeAgain(await head.read(options), both, isStale, options)
  if (moved.size === 0) return { resealed: 0, left }
  const pruned: Pruned = { dropped: [] }
  const change = {
    apply: (now: Parameters<typeof renamed>[0]) => {
      if (!lease.owns(now)) throw lostLease()
      const next = renamed(now, moved)
      pruned.dropped = dropped(now, next)
      return next
    },
    landed: (now: Parameters<typeof renamed>[0]) =>
      [...moved.values()].some(({ objectKey }) => refersTo(now, objectKey)),
  }
  await writer.change(change, options)
  for (const { objectKey } of pruned.dropped) await revisions.remove(objectKey, options)
  return { resealed: moved.size, left }
}
