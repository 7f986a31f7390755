import type { Settings } from '../../config/settings.ts'
import { type Check, ok } from './check.ts'

const MONTH_MS = 30 * 24 * 60 * 60 * 1000
/** As in src/lease/poll.ts. */
const POLL_EVERY_MS = 15 * 1000
/** Of a save: read the head, put the revision, put the head, delete an old one. */
const REQUESTS_PER_SAVE = 4

/** What one instance that runs all month asks of its store, for services that bill requests. */
export function costCheck({ leaseTtlMs, saveAfterMs }: Pick<Settings, 'leaseTtlMs' | 'saveAfterMs'>): Check {
  const renewals = MONTH_MS / (leaseTtlMs / 3)
  // A session that never stands still is saved every ten times as long: src/run/saver.ts.
  const saves = (MONTH_MS / (10 * saveAfterMs)) * REQUESTS_PER_SAVE
  const polls = MONTH_MS / POLL_EVERY_MS
  return ok(
    'requests',
    `about ${rounded(renewals)} writes a month for the lease (TTL ${leaseTtlMs / 1000} s), ${rounded(saves)} requests for saves if the session changes all the time; each waiting instance: ${rounded(polls)} reads`,
  )
}

/** `172800` → `173 000` */
function rounded(count: number): string {
  return `${String(Math.round(count / 1000)).replaceAll(/\B(?=(\d{3})+$)/g, ' ')} 000`
}
