import { BadDataError, ConflictError, RefusedError } from '../../base/errors.ts'
import { keyFingerprint } from '../../session/inspect.ts'
import type { Db } from '../tables/database.ts'
import type { KeySeal } from './key-seal.ts'

/** No session has an empty id: what lies under it is of all. */
const OF_ALL = ''
interface Session {
  id: string
  seal: KeySeal
}

const claimName = (key: string): string => `claim:${key}`
const deadName = (key: string): string => `dead:${key}`

/**
 * One auth key, one id: two with one key would have two leases. Within the transaction that writes the key, or serves it.
 * A claim counts as long as the row of its id bears it out.
 * @throws ConflictError `session.claimed` if another id has this auth key
 */
export async function claimKey(of: Session, db: Db, authKey: Uint8Array): Promise<void> {
  const key = keyFingerprint(authKey)
  const before = await valueOfAll(db, claimName(key))
  if (before === of.id) return
  const value = Buffer.from(of.id)
  if (before === undefined) {
    await db
      .insertInto('tgsession_values')
      .values({ session_id: OF_ALL, name: claimName(key), value })
      .execute()
    return
  }
  if (await isBorneOut({ ...of, id: before }, db, key)) throw claimed(before)
  const { numUpdatedRows } = await db
    .updateTable('tgsession_values')
    .set({ value })
    .where('session_id', '=', OF_ALL)
    .where('name', '=', claimName(key))
    .where('value', '=', Buffer.from(before))
    .executeTakeFirst()
  if (numUpdatedRows === 0n)
    throw new ConflictError('container.duplicate', 'another took the same auth key first', {
      hint: 'Try again.',
    })
}

/** @throws RefusedError `session.dead_key` if Telegram has ended this auth key, whatever id found out */
export async function refuseDead({ id }: Pick<Session, 'id'>, db: Db, authKey: Uint8Array): Promise<void> {
  const dead = await valueOfAll(db, deadName(keyFingerprint(authKey)))
  if (dead === undefined) return
  const message = `Telegram has ended the auth key of the session ${id} (${dead})`
  throw new RefusedError('session.dead_key', message, {
    hint: 'It can never be used again. Log in again, or import a session with another auth key.',
  })
}

/** For every id: that Telegram has ended it does not go with the session that found out. */
export async function stampDeadForAll(db: Db, key: string, reason: string): Promise<void> {
  if ((await valueOfAll(db, deadName(key))) !== undefined) return
  const row = { session_id: OF_ALL, name: deadName(key), value: Buffer.from(reason) }
  await db.insertInto('tgsession_values').values(row).execute()
}

/** "Could not read" is never "not there": a key that cannot be opened may be this one. */
async function isBorneOut({ seal, id }: Session, db: Db, key: string): Promise<boolean> {
  const rows = await db.selectFrom('sessions').select('auth_key').where('session_id', '=', id).execute()
  try {
    const keys = rows.map((row) => seal.open(row.auth_key, id, 'home'))
    return keys.some((authKey) => authKey !== undefined && keyFingerprint(authKey) === key)
  } catch (error) {
    if (error instanceof BadDataError) return true
    throw error
  }
}

async function valueOfAll(db: Db, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('tgsession_values')
    .select('value')
    .where('session_id', '=', OF_ALL)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && Buffer.from(row.value).toString()
}

function claimed(other: string): ConflictError {
  return new ConflictError('session.claimed', `this auth key is in the container already, as ${other}`, {
    hint: 'Two with one auth key end in AUTH_KEY_DUPLICATED. Delete the other with deleteSession(), or log in a second time.',
  })
}
