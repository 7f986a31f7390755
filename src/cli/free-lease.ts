import { ConfigurationError, LeaseError } from '../base/errors.ts'
import type { Settings } from '../config/settings.ts'
import type { Lease } from '../lease/lease.ts'
import type { Holder } from '../lease/record.ts'
import { deadKey } from '../replica/refusals.ts'
import type { Replica, Restored } from '../replica/replica.ts'

export interface UnderLease extends Restored {
  lease: Lease
  /** Fires when the session must not be used any more. */
  signal: AbortSignal
}

/**
 * Takes the lease if it is free, opens the session, and releases the lease when `use` is over, however it ended.
 * @throws LeaseError lease.held: an instance uses the session
 * @throws NoSessionError session.none
 * @throws RefusedError session.dead_key: the head says so; nothing is sent
 */
export async function withFreeLease<T>(
  replica: Replica,
  stop: AbortSignal,
  use: (under: UnderLease) => Promise<T>,
): Promise<T> {
  const held = new AbortController()
  const lease = await replica.lease({
    signal: AbortSignal.any([held.signal, stop]),
    onWaiting: (holder) => held.abort(inUse(holder)),
  })
  const signal = AbortSignal.any([lease.signal, stop])
  try {
    const restored = await replica.restore({ lease, signal })
    // A dead key is never connected again.
    if (restored.revision.dead !== null) throw deadKey(restored.revision.dead)
    return await use({ ...restored, lease, signal })
  } finally {
    await lease.release()
  }
}

/** @throws ConfigurationError login.api_missing */
export function apiOf({ apiId, apiHash }: Settings): { apiId: number; apiHash: string } {
  if (apiId !== undefined && apiHash !== undefined) return { apiId, apiHash }
  throw new ConfigurationError(
    'login.api_missing',
    'Telegram cannot be asked without an api_id and api_hash',
    {
      hint: 'Set TELEGRAM_API_ID and TELEGRAM_API_HASH.',
    },
  )
}

function inUse({ label, since }: Holder): LeaseError {
  return new LeaseError('lease.held', `the session is in use by ${label} since ${since}`, {
    hint: `Stop ${label} first (on Heroku: heroku ps:scale worker=0); if it died, \`tgsession unlock\` finds out. Nothing was sent to Telegram.`,
  })
}
