import type { Head, Revision } from './head.ts'

const NEWEST = 10
const DAYS = 7
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Which old revisions a head keeps: the newest ten, the newest of each of the last seven days, and the last
 * login's. `dropped` are the ones that nothing in the new head refers to; only they may be deleted.
 */
export function prune(head: Head, nowMs: number): { head: Head; dropped: Revision[] } {
  const newestFirst = head.history.toSorted((a, b) => b.revision - a.revision)
  const days = new Set<string>()
  const history = newestFirst.filter((entry, index) => {
    const savedMs = Date.parse(entry.savedAt)
    const day = entry.savedAt.slice(0, 10)
    const firstOfDay = nowMs - savedMs < DAYS * DAY_MS && !days.has(day)
    days.add(day)
    return index < NEWEST || firstOfDay
  })
  const next = { ...head, history }
  const kept = new Set([next.current, next.lastLogin, ...history, ...next.aside].map((entry) => entry?.key))
  return { head: next, dropped: head.history.filter((entry) => !kept.has(entry.key)) }
}
