import { BadDataError } from '../../base/errors.ts'
import type { StoreOptions } from '../../store/store.ts'
import { type Head, references, type Revision, withRequirements } from '../head.ts'
import type { Revisions } from '../revisions.ts'

/** Where revisions lie now, by the keys of their former objects. */
type Moved = ReadonlyMap<string, Pick<Revision, 'objectKey' | 'base' | 'sealedFor'>>

export interface StoredAgain {
  moved: Moved
  /** The numbers of revisions that could not be opened. */
  left: number[]
}

/**
 * Opens what `head` names and uploads it whole, under the same numbers; nothing names that until a head does. What is
 * damaged is left, but for current.
 *
 * @throws BadDataError for a current that is damaged; ConfigurationError if a key is missing
 */
export async function storeAgain(
  head: Head,
  { from, to }: { from: Revisions; to: Revisions },
  isWanted: (revision: Revision) => boolean,
  options: StoreOptions,
): Promise<StoredAgain> {
  const moved = new Map<string, Pick<Revision, 'objectKey' | 'base' | 'sealedFor'>>()
  const left = new Set<number>()
  for (const entry of references(head)) {
    if (moved.has(entry.objectKey) || !isWanted(entry)) continue
    try {
      const { bytes } = await from.get(entry, options)
      const { objectKey, base, sealedFor } = await to.put(bytes, entry, options)
      moved.set(entry.objectKey, { objectKey, base, sealedFor })
    } catch (error) {
      if (!(error instanceof BadDataError) || entry.objectKey === head.current?.objectKey) throw error
      left.add(entry.revision)
    }
  }
  return { moved, left: [...left] }
}

/** The head that names the new objects; what was not moved stays as it is. */
export function renamed(head: Head, moved: Moved): Head {
  const again = <T extends Revision>(entry: T): T => ({ ...entry, ...moved.get(entry.objectKey) })
  return withRequirements({
    ...head,
    current: head.current && again(head.current),
    lastLogin: head.lastLogin && again(head.lastLogin),
    history: head.history.map(again),
    quarantined: head.quarantined.map(again),
  })
}

/** Less what was not moved. */
export function onlyMoved(head: Head, moved: Moved): Head {
  const isMoved = ({ objectKey: key }: Revision): boolean => moved.has(key)
  return {
    ...head,
    lastLogin: head.lastLogin && isMoved(head.lastLogin) ? head.lastLogin : null,
    history: head.history.filter(isMoved),
    quarantined: head.quarantined.filter(isMoved),
  }
}
