import { type Check, ok } from './check.ts'

const MONTH_MS = 30 * 24 * 60 * 60 * 1000
/** As in src/run/saver.ts and src/replica/poll.ts. */
const SAVE_EVERY_MS = 5 * 60 * 1000
const POLL_EVERY_MS = 15 * 1000
/** Of a save: read the head, put the revision, put the head, delete an old one. */
const REQUESTS_PER_SAVE = 4

/** What one instance that runs all month asks of its store, for services that bill requests. */
export function costCheck(leaseTtlMs: number): Check {
  const renewals = MONTH_MS / (leaseTtlMs / 3)
  const saves = (MONTH_MS / SAVE_EVERY_MS) * REQUESTS_PER_SAVE
  const polls = MONTH_MS / POLL_EVERY_MS
  return ok(
    'requests',
    `about ${rounded(renewals)} writes a month for the lease (TTL ${leaseTtlMs / 1000} s), at most ${rounded(saves)} requests for saves; each waiting instance: ${rounded(polls)} reads`,
  )
}

/** `172800` → `173 000` */
function rounded(count: number): string {
  return `${String(Math.round(count / 1000)).replaceAll(/\B(?=(\d{3})+$)/g, ' ')} 000`
}
