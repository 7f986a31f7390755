import { RefusedError } from '../../base/errors.ts'
import type { Head } from '../head.ts'
import type { HeadChange } from '../head-file.ts'
import { blocked, DAY_MS, later, tooMany } from './refusals.ts'

/** So many entries stay, the newest. */
export const KEPT = 20

/** Why no login may be started now; null if one may. `nowMs` is wall time, as Telegram's waits are. */
export function refusal(
  head: Pick<Head, 'current' | 'holder' | 'loginBlockedUntil'>,
  nowMs: number,
  replaceExisting: boolean,
): RefusedError | null {
  const waits = blocked(head.loginBlockedUntil, nowMs)
  if (waits) return waits
  const current = head.current
  if (!current || current.dead !== null || replaceExisting) return null
  const user = current.userId === null ? 'a session' : `the session of user ${current.userId}`
  const use = head.holder ? `; in use by ${head.holder.label} since ${head.holder.since}` : ''
  return new RefusedError(
    'login.session_exists',
    `there is already ${user}, revision ${current.revision}, saved ${current.savedAt} by ${current.savedBy}${use}`,
    { hint: 'It needs no login. `--replace` makes a new one in its place.' },
  )
}

/** Written before anything is sent to Telegram. */
export function attempt(
  entry: { id: string; at: string; by: string },
  nowMs: number,
  mayReplace: boolean,
): HeadChange {
  return {
    apply: (head) => {
      const refused = refusal(head, nowMs, mayReplace)
      if (refused) throw refused
      return { ...head, logins: [...head.logins, { ...entry, outcome: 'started' }].slice(-KEPT) }
    },
    landed: (head) => head.logins.some(({ id }) => id === entry.id),
  }
}

/** How an attempt ended, and until when (ISO 8601, UTC) Telegram wants none; a longer wait is never shortened. */
export function outcome(id: string, text: string, blockedUntil: string | null): HeadChange {
  return {
    apply: (head) => ({
      ...head,
      logins: head.logins.map((entry) => (entry['id'] === id ? { ...entry, outcome: text } : entry)),
      loginBlockedUntil: later(head.loginBlockedUntil, blockedUntil),
    }),
    landed: (head) =>
      head.logins.some((entry) => entry['id'] === id && entry.outcome === text) &&
      head.loginBlockedUntil === later(head.loginBlockedUntil, blockedUntil),
  }
}

/** A code was asked for; `limited`: this name alone is counted, as nothing else can be. */
export function sent(id: string, nowMs: number, limited: boolean): HeadChange {
  const at = new Date(nowMs).toISOString()
  return {
    apply: (head) => {
      const refused = limited ? tooMany(recentSends(head, nowMs), 'this session') : null
      if (refused) throw refused
      const logins = head.logins.map((one) =>
        one['id'] === id ? { ...one, sends: [...sendsOf(one), at] } : one,
      )
      return { ...head, logins }
    },
    landed: (head) => head.logins.some((one) => one['id'] === id && sendsOf(one).includes(at)),
  }
}

function recentSends(head: Head, nowMs: number): string[] {
  return head.logins
    .flatMap(sendsOf)
    .filter((at) => Math.abs(nowMs - Date.parse(at)) < DAY_MS)
    .toSorted()
}

function sendsOf({ sends }: Head['logins'][number]): string[] {
  return Array.isArray(sends) ? sends.filter((at): at is string => typeof at === 'string').slice(-10) : []
}
