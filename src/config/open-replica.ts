import { Cipher } from '../seal/cipher.ts'
import { Replica, type ReplicaOptions } from '../replica/replica.ts'
import { verifySession } from '../session/inspect.ts'
import { openStore } from '../store/open-store.ts'
import type { Settings } from './settings.ts'

/** The replica that the settings name. Throws what opening its store throws; nothing is written. */
export async function openReplica(
  settings: Settings,
  options: Pick<ReplicaOptions, 'onWarning' | 'onTrouble'> = {},
): Promise<Replica> {
  if (!settings.store) throw new TypeError('settings read without { store: true }')
  const { name, label, userId, leaseTtlMs, maxBytes, encryption, identities, recipient } = settings
  return new Replica({
    store: await openStore(settings.store),
    cipher: new Cipher({ encryption, identities, recipient }),
    verify: verifySession,
    name,
    label,
    userId,
    leaseTtlMs,
    maxBytes,
    ...options,
  })
}
