import { Cipher } from '../seal/cipher.ts'
import type { TgsessionError } from '../base/errors.ts'
import { Replica } from '../replica/replica.ts'
import { verifySession } from '../session/inspect.ts'
import { openStore } from '../store/open-store.ts'
import type { Settings } from './settings.ts'

/** Callbacks for failures that end nothing. */
export interface OpenReplicaOptions {
  /** Called for a failure without harm, such as an old revision that could not be removed. */
  onWarning?: ((error: unknown) => void) | undefined
  /** Called each time the store could not be reached, before it is tried again. */
  onTrouble?: ((error: TgsessionError) => void) | undefined
}

/**
 * The replica that the settings name, which have to be read with `{ store: true }`. Nothing is written yet; `close()` it
 * at the end.
 *
 * @throws ConfigurationError, ForbiddenError, UnsupportedError, UnreachableError `store.*`
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { openReplica, readSettings } from 'tgsession'
 *
 * const replica = await openReplica(await readSettings(process.env, { store: true }))
 * const { current, holder } = await replica.status()
 * console.log(current?.revision ?? 'no session', holder?.label ?? 'not in use')
 *
 * const lease = await replica.lease() // waits until nobody else uses the session
 * try {
 *   const { revision, bytes } = await replica.restore({ lease })
 *   await writeFile('restored.session', bytes, { mode: 0o600 })
 *   // … use it, and stop when lease.signal fires; then
 *   const { outcome } = await replica.save(lease, revision, bytes)
 *   console.log(outcome) // unchanged
 * } finally {
 *   await lease.release()
 *   await replica.close()
 * }
 * ```
 */
export async function openReplica(settings: Settings, options: OpenReplicaOptions = {}): Promise<Replica> {
  if (!settings.store) throw new TypeError('settings read without { store: true }')
  const { name, label, userId, leaseTtlMs, maxBytes, encryption, identities, recipient, guardKeys } = settings
  return new Replica({
    store: await openStore(settings.store),
    cipher: new Cipher({ encryption, identities, recipient }),
    verify: verifySession,
    name,
    label,
    guardKeys,
    userId,
    leaseTtlMs,
    maxBytes,
    ...options,
  })
}
