import { NoSessionError } from '../base/errors.ts'
import { Cipher } from '../seal/cipher.ts'
import { checkAccount } from '../replica/refusals.ts'
import { verifySession } from '../session/inspect.ts'
import { isPlainObjectUrl } from '../store/plain/plain-object-url.ts'
import { MAX_OBJECT_BYTES, type StoreOptions } from '../store/store.ts'
import type { Settings } from './settings.ts'

/** A session that was read from one plain file (`….session`, `….session.age`, or any https: address). */
export interface PlainSession {
  /** How messages name the file. */
  label: string
  /** A whole Telethon file with a key, decrypted. */
  bytes: Uint8Array
  /** auth_key_id as 16 hex digits. */
  keyFingerprint: string
  /** The account's id, decimal; null if the file does not say. */
  userId: string | null
  /** What this kind of store lacks. The caller must report it. */
  warning: string
}

/**
 * Whether the settings name one plain file instead of a store; then `openReplica` refuses, and this is for them.
 *
 * @example
 * ```ts
 * import { namesPlainSession, readSettings } from 'tgsession'
 *
 * const settings = await readSettings({ TGSESSION_STORE: 'https://example.com/anon.session' }, { store: true })
 * console.log(namesPlainSession(settings)) // true
 * ```
 */
export function namesPlainSession(settings: Settings): boolean {
  const { store } = settings
  return store !== null && isPlainObjectUrl(store.url)
}

/**
 * Reads the one plain file that the settings name, once: decrypted with TGSESSION_KEY if it is encrypted, verified, and
 * held to TGSESSION_USER_ID. Nothing is ever written there, and there is no lease.
 *
 * @throws NoSessionError `session.none` for a proven "not there"
 * @throws ConfigurationError `key.missing`, `key.wrong`
 * @throws BadDataError as `inspectSession`
 * @throws UnreachableError, ForbiddenError if it could not be read
 *
 * @example
 * ```ts
 * import { openPlainSession, readSettings } from 'tgsession'
 *
 * const settings = await readSettings({ TGSESSION_STORE: 'file:./anon.session' }, { store: true })
 * const { bytes, userId, warning } = await openPlainSession(settings)
 * console.warn(warning)
 * ```
 */
export async function openPlainSession(
  settings: Settings,
  options: StoreOptions = {},
): Promise<PlainSession> {
  const { store, encryption, identities, userId: expected } = settings
  if (!store) throw new TypeError('settings read without { store: true }')
  // Not needed where there is a store, as nearly everywhere.
  const { openPlainObject } = await import('../store/plain/plain-object.ts')
  const object = await openPlainObject(store)
  try {
    const { label } = object
    const found = await object.get(options)
    if (!found)
      throw new NoSessionError('session.none', `${label}: there is no such file`, {
        hint: 'Put the session file there, or correct its address in TGSESSION_STORE.',
      })
    const cipher = new Cipher({ encryption, identities })
    const bytes = await cipher.openForeign(found.bytes, MAX_OBJECT_BYTES)
    const { keyFingerprint, userId } = await verifySession(bytes)
    checkAccount(expected, userId)
    return { label, bytes, keyFingerprint, userId, warning: warningFor(label) }
  } finally {
    await object.close()
  }
}

function warningFor(label: string): string {
  return (
    `${label} is one plain file: nothing is written back to it, and there is no lease, so that two instances at once ` +
    'make Telegram kill the key. `tgsession push` puts it into a store that has both.'
  )
}
