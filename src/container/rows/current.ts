import type { Current } from '../../replica/head.ts'
import { deadKey } from '../../replica/refusals.ts'
import { keyFingerprint } from '../../session/inspect.ts'
import type { Db } from '../tables/database.ts'
import { readAuth, readValues } from './read-rows.ts'
import type { Changes } from './sql-storage.ts'
import { DEAD, SAVED } from './value-names.ts'
import { deleteRows, type RowsOf, writeRows, writeValue } from './write-rows.ts'

type Dead = NonNullable<Current['dead']>

/** Nobody hashes rows; equal to no file's. */
const NO_HASH = ''

/**
 * What is known of a session without its peers, in the replica's words; null where nobody has logged in. A revision is
 * a count of saves here, not something that can be had back, and `key` names the auth key. Before the first save by
 * `run`, `login` or an import, the revision is 0.
 */
export async function readCurrent(of: RowsOf, db: Db): Promise<Current | null> {
  const values = await readValues(of, db)
  const { authKey } = await readAuth(of, db, values)
  if (authKey === undefined) return null
  const key = keyFingerprint(authKey)
  const { revision, at, by } = parseSaved(values.get(SAVED))
  const own = await db
    .selectFrom('entities')
    .select(of.database.text('hash').as('hash'))
    .where('session_id', '=', of.id)
    .where('id', '=', of.database.int(0))
    .executeTakeFirst()
  return {
    revision,
    objectKey: key,
    sha256: NO_HASH,
    bytes: 0,
    savedAt: at,
    savedBy: by,
    keyFingerprint: key,
    userId: own?.hash ?? null,
    family: null,
    base: null,
    dead: parseDead(values.get(DEAD), key),
  }
}

/** Notes that the session was saved now; gives the number. Within the transaction of the save. */
export async function stampSaved(of: RowsOf, db: Db, by: string, last?: number): Promise<number> {
  const before = last ?? parseSaved((await readValues(of, db)).get(SAVED)).revision
  const at = new Date(of.database.clock.wall()).toISOString()
  const saved = { revision: before + 1, at, by }
  await writeValue(of, db, SAVED, Buffer.from(JSON.stringify(saved)))
  return saved.revision
}

export async function stampDead(of: RowsOf, db: Db, key: string, reason: Dead): Promise<void> {
  await writeValue(of, db, DEAD, Buffer.from(`${key} ${reason}`))
}

/**
 * Puts another session in the place of what there is, within a transaction; gives its number. Throws `RefusedError`
 * (`session.dead_key`) for the key that Telegram has ended.
 */
export async function putInPlace(of: RowsOf, db: Db, changes: Changes, by: string): Promise<number> {
  const before = await readCurrent(of, db)
  const key = changes.auth?.authKey
  if (
    before !== null &&
    before.dead !== null &&
    key !== undefined &&
    keyFingerprint(key) === before.keyFingerprint
  )
    throw deadKey(before.dead)
  await deleteRows(of, db)
  await writeRows(of, db, changes)
  return await stampSaved(of, db, by, before?.revision ?? 0)
}

function parseSaved(value: Uint8Array | undefined): { revision: number; at: string; by: string } {
  const text = value === undefined ? '{}' : Buffer.from(value).toString()
  const { revision, at, by }: { revision?: number; at?: string; by?: string } = JSON.parse(text)
  return { revision: revision ?? 0, at: at ?? 'at a time that was not noted', by: by ?? 'a program' }
}

function parseDead(value: Uint8Array | undefined, key: string): Dead | null {
  const [of, reason] = Buffer.from(value ?? [])
    .toString()
    .split(' ')
  if (of !== key) return null
  return reason === 'duplicated' || reason === 'loggedOut' ? reason : 'revoked'
}
