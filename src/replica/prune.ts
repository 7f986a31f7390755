import { type Head, references, refersTo, type Revision } from './head.ts'

const NEWEST = 10
const DAYS = 7
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * A head with its history cut to what is kept: the newest ten, the newest of each of the last seven days, and the newest
 * whole one of each family, which may hold what the others have no place for.
 */
export function prune(head: Head, nowMs: number): Head {
  const newestFirst = head.history.toSorted((a, b) => b.revision - a.revision)
  const days = new Set<string>()
  const families = new Set([head.current?.family])
  const history = newestFirst.filter((entry, index) => {
    const savedMs = Date.parse(entry.savedAt)
    const day = entry.savedAt.slice(0, 10)
    const firstOfDay = nowMs - savedMs < DAYS * DAY_MS && !days.has(day)
    days.add(day)
    const firstOfFamily = entry.base === null && !families.has(entry.family)
    if (firstOfFamily) families.add(entry.family)
    return index < NEWEST || firstOfDay || firstOfFamily
  })
  return { ...head, history }
}

/** What `before` referred to and `after` does not: only these objects may be deleted once `after` is written. */
export function dropped(before: Head, after: Head): Revision[] {
  const byKey = new Map(references(before).map((entry) => [entry.objectKey, entry]))
  return [...byKey.values()].filter(({ objectKey: key }) => !refersTo(after, key))
}
