import type { Holder } from '../../lease/record.ts'
import { keyFingerprint } from '../../session/inspect.ts'
import type { Db } from '../tables/database.ts'
import { refuseDead, stampDeadForAll } from './claim-key.ts'
import { readAuth, readValues } from './read-rows.ts'
import type { Changes } from './sql-storage.ts'
import { DEAD } from './value-names.ts'
import { deleteRows, type RowsOf, writeRows, writeValue } from './write-rows.ts'

/** What is known of a session in a container, without its peers. */
export interface StoredSession {
  /** Of the auth key: 16 hex digits, as Telegram's protocol computes it. */
  keyFingerprint: string
  /** Null if the session does not say. */
  userId: string | null
  /** Why Telegram does not accept the auth key any more; null while nothing of the kind is known. */
  dead: 'revoked' | 'duplicated' | 'loggedOut' | null
  /** The instance that uses it now; null if none does. */
  holder: Pick<Holder, 'label' | 'since'> | null
}

/** Why an auth key will never work again. */
export type DeadReason = NonNullable<StoredSession['dead']>

/**
 * Null if nobody has logged in with it.
 * @throws as `KeySeal.open`
 */
export async function readStored(of: RowsOf, db: Db): Promise<Omit<StoredSession, 'holder'> | null> {
  const values = await readValues(of, db)
  const { authKey } = await readAuth(of, db, values)
  if (authKey === undefined) return null
  const fingerprint = keyFingerprint(authKey)
  const own = await db
    .selectFrom('entities')
    .select(of.database.text('hash').as('hash'))
    .where('session_id', '=', of.id)
    .where('id', '=', of.database.int(0))
    .executeTakeFirst()
  const dead = parseDead(values.get(DEAD), fingerprint)
  return { keyFingerprint: fingerprint, userId: own?.hash ?? null, dead }
}

/** Notes that Telegram does not accept this auth key any more, here and for every other id. */
export async function stampDead(of: RowsOf, db: Db, key: string, reason: DeadReason): Promise<void> {
  await writeValue(of, db, DEAD, Buffer.from(`${key} ${reason}`))
  await stampDeadForAll(db, key, reason)
}

/**
 * Replaces what is stored by another session, within a transaction.
 * @throws RefusedError `session.dead_key` for the auth key that Telegram has ended
 */
export async function putInPlace(of: RowsOf, db: Db, changes: Changes): Promise<void> {
  const key = changes.auth?.authKey
  if (key !== undefined) await refuseDead(of, db, key)
  await deleteRows(of, db)
  await writeRows(of, db, changes)
}

function parseDead(value: Uint8Array | undefined, key: string): DeadReason | null {
  const [of, reason] = Buffer.from(value ?? [])
    .toString()
    .split(' ')
  if (of !== key) return null
  return reason === 'duplicated' || reason === 'loggedOut' ? reason : 'revoked'
}
