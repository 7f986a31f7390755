import type { Settings } from '../../config/settings.ts'
import { MOST_PATCHED_BYTES, PATCH_STEP_BYTES } from '../../seal/patch.ts'
import { formatBytes } from '../terminal/output.ts'
import { type Check, ok } from './check.ts'

const MONTH_MS = 30 * 24 * 60 * 60 * 1000
/** As in src/lease/poll.ts. */
const POLL_EVERY_MS = 15 * 1000
/** As in src/run/saver.ts: a session that never stands still is saved so many times as rarely. */
const NEVER_QUIET = 10
const QUIET_MS = { patch: 5000, whole: 30_000 }
/** Of a save: put the revision, put the head, delete an old one. */
const REQUESTS_PER_SAVE = 3
/** What zstd makes of a session, whose hashes and names are as good as random. */
const PACKED_SHARE = 2 / 3

/**
 * What one instance that runs all month asks of its store, and what it uploads, for services that bill requests or
 * traffic, and for databases, which keep what was replaced until they are vacuumed. `bytes` are those of the session.
 */
export function costChecks(
  { leaseTtlMs, saveAfterMs, store }: Pick<Settings, 'leaseTtlMs' | 'saveAfterMs'> & { store: string },
  { bytes, headBytes }: { bytes: number; headBytes: number },
): Check[] {
  const kind = bytes > MOST_PATCHED_BYTES ? 'whole' : 'patch'
  const everyMs = NEVER_QUIET * (saveAfterMs ?? QUIET_MS[kind])
  const saves = MONTH_MS / everyMs
  const renewals = MONTH_MS / (leaseTtlMs / 3)
  const savedBytes = kind === 'patch' ? PATCH_STEP_BYTES : bytes * PACKED_SHARE
  const [idle, busy] = [renewals * headBytes, (renewals + saves) * headBytes + saves * savedBytes]
  const what = kind === 'patch' ? `a patch of ${formatBytes(PATCH_STEP_BYTES)}` : 'the whole session'
  const kept = /^(?:postgres|mysql|mariadb)/.test(store)
    ? '; what was replaced stays in the database until it is vacuumed or purged'
    : ''
  return [
    ok(
      'requests',
      `about ${rounded(renewals)} writes a month for the lease (TTL ${leaseTtlMs / 1000} s); ${rounded(saves * REQUESTS_PER_SAVE)} requests for saves if the session changes all the time, one each ${everyMs / 1000} s; each waiting instance: ${rounded(MONTH_MS / POLL_EVERY_MS)} reads`,
    ),
    ok(
      'traffic',
      `about ${gigabytes(idle)} written a month for the lease (a head of ${formatBytes(headBytes)}), ${gigabytes(busy)} if the session changes all the time (each save ${what})${kept}`,
    ),
  ]
}

/** `172800` → `173 000` */
function rounded(count: number): string {
  return `${String(Math.round(count / 1000)).replaceAll(/\B(?=(\d{3})+$)/g, ' ')} 000`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`
}
