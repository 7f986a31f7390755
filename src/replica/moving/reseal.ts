import type { StoreOptions } from '../../store/store.ts'
import { lostLease } from '../changes.ts'
import { type Head, neededObjects, nextRevision, refersTo } from '../head.ts'
import type { HeadChange } from '../head-file.ts'
import type { Lease } from '../../lease/lease.ts'
import type { RepairParts } from '../repair.ts'
import type { Revisions } from '../revisions.ts'
import { renamed, storeAgain } from './store-again.ts'

export interface Resealed {
  /** How many revisions are sealed for another key now. */
  resealed: number
  /** The numbers of those that could not be opened, and stay as they are. */
  left: number[]
}

/** Seals every revision that is not sealed for the present key anew, names them in one change, and removes what nothing names. */
export async function reseal(
  { head, revisions, writer }: RepairParts,
  lease: Lease,
  options: StoreOptions,
): Promise<Resealed> {
  const both = { from: revisions, to: revisions }
  const isStale = ({ sealedFor }: { sealedFor?: string | null | undefined }): boolean =>
    sealedFor !== revisions.sealsFor
  const { moved, left } = await storeAgain(await head.read(options), both, isStale, options)
  const change: HeadChange = {
    apply: (now) => {
      if (!lease.owns(now)) throw lostLease()
      return renamed(now, moved)
    },
    landed: (now) => [...moved.values()].some(({ objectKey }) => refersTo(now, objectKey)),
  }
  const now = moved.size === 0 ? await head.read(options) : await writer.change(change, options)
  await removeUnnamed(now, revisions, options)
  return { resealed: moved.size, left }
}

/** The former ones, also those of a try that was ended halfway: who has the former key must find nothing. */
async function removeUnnamed(now: Head, revisions: Revisions, options: StoreOptions): Promise<void> {
  const needed = neededObjects(now)
  for await (const { objectKey, number } of revisions.list(options))
    // An upload under way has a higher number.
    if (number < nextRevision(now) && !needed.has(objectKey)) await revisions.remove(objectKey, options)
}
