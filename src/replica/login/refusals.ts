import { RefusedError } from '../../base/errors.ts'

export const DAY_MS = 24 * 60 * 60 * 1000
/** Codes for one phone number in 24 hours; at about five Telegram wants no more until the next day (docs/not-banned.md). */
export const MOST_SENDS = 3

/** Telegram's FLOOD_WAIT, if it is not over. */
export function blocked(until: string | null, nowMs: number): RefusedError | null {
  const untilMs = until === null ? NaN : Date.parse(until)
  if (!(untilMs > nowMs)) return null
  return new RefusedError(
    'login.blocked',
    `Telegram asked to wait with logins until ${new Date(untilMs).toISOString()} (FLOOD_WAIT)`,
    { hint: 'Trying earlier makes the wait longer. The saved session, if there is one, works all the same.' },
  )
}

/** Our own limit, before Telegram's. `sends` are those of the last 24 hours, in ISO 8601, the oldest first. */
export function tooMany(sends: readonly string[], what: string): RefusedError | null {
  if (sends.length < MOST_SENDS) return null
  const freeAt = new Date(Date.parse(sends.at(-MOST_SENDS) ?? '') + DAY_MS).toISOString()
  return new RefusedError(
    'login.too_many',
    `${sends.length} codes were asked for ${what} within 24 hours: another may make Telegram refuse all (FLOOD_WAIT)`,
    {
      hint: `Wait until ${freeAt}. The saved session, if there is one, works all the same. \`--ignore-limit\` asks now.`,
    },
  )
}

/** A longer wait is never shortened. */
export function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b
  return Date.parse(a) > Date.parse(b) ? a : b
}
