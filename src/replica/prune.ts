import { type Head, neededObjects, references, type Revision } from './head.ts'

const NEWEST = 10
const HOURS = 24
const DAYS = 7
const WHOLE = 2
const HOUR_MS = 60 * 60 * 1000

/**
 * A head with its history cut to what is kept: the newest ten, the newest of each hour for a day and of each day for a
 * week, the newest two whole ones, the newest whole one of each family, which may hold what the others have no place
 * for, and every whole one that something kept is a patch of.
 */
export function prune(head: Head, nowMs: number): Head {
  const { current } = head
  const newestFirst = head.history.toSorted((a, b) => b.revision - a.revision)
  const spans = new Set<string>()
  const families = new Set(current?.base === null ? [current.family] : [])
  let whole = families.size
  const kept = newestFirst.filter((entry, index) => {
    const ageMs = nowMs - Date.parse(entry.savedAt)
    const [hour, day] = [entry.savedAt.slice(0, 13), entry.savedAt.slice(0, 10)]
    const isFirstOf = (span: string, hours: number): boolean => ageMs < hours * HOUR_MS && !spans.has(span)
    const isNewest = index < NEWEST || isFirstOf(hour, HOURS) || isFirstOf(day, DAYS * 24)
    spans.add(hour).add(day)
    if (entry.base !== null) return isNewest
    const isLastWhole = whole++ < WHOLE || !families.has(entry.family)
    families.add(entry.family)
    return isNewest || isLastWhole
  })
  const bases = new Set(references({ ...head, history: kept }).map(({ base }) => base?.objectKey))
  const history = newestFirst.filter((entry) => kept.includes(entry) || bases.has(entry.objectKey))
  return { ...head, history }
}

/** What `before` needed and `after` does not: only these objects may be deleted once `after` is written. */
export function dropped(before: Head, after: Head): Revision[] {
  const byKey = new Map(references(before).map((entry) => [entry.objectKey, entry]))
  const needed = neededObjects(after)
  return [...byKey.values()].filter(({ objectKey: key }) => !needed.has(key))
}
