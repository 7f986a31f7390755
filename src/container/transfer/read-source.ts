import { BadDataError } from '../../base/errors.ts'
import { convertToFile } from '../../session/convert.ts'
import type { SentFile, SentFileKey } from '../../session/core/storage.ts'
import { SqliteStorage } from '../../session/formats/telethon/storage.ts'
import { openTelethonFile, type TelethonFile } from '../../session/formats/telethon/file.ts'
import type { Changes } from '../rows/sql-storage.ts'

/**
 * What becomes a session of the container: one of ours (`SQLiteSession`), a session file's bytes, a session string, or
 * how to get one of these.
 */
export type SessionSource =
  | { toBytes(): Promise<Uint8Array> }
  | Uint8Array
  | string
  | (() => Promise<{ toBytes(): Promise<Uint8Array> } | Uint8Array | string>)
type Given = Exclude<SessionSource, () => Promise<unknown>>

/**
 * All that a session holds, as what is to be written. Throws `BadDataError` as `inspectSession` does, and
 * `session.no_key` if nobody ever logged in with it.
 */
export async function readSource(source: SessionSource): Promise<Changes> {
  const given = typeof source === 'function' ? await source() : source
  const file = await openTelethonFile(await convertToFile(await bytesOf(given)))
  try {
    const rows = new SqliteStorage(file)
    const auth = rows.auth()
    if (auth.authKey === undefined)
      throw new BadDataError(
        'session.no_key',
        'the session holds no auth key: nobody has logged in with it',
        {
          hint: 'Log in first.',
        },
      )
    return {
      auth,
      otherKeys: idsOf(file, 'tgsession_auth_keys', 'dc_id').map((dcId) => [
        Number(dcId),
        rows.otherKey(Number(dcId)),
      ]),
      dropped: [],
      entities: idsOf(file, 'entities', 'id').flatMap((id, index) => {
        const entity = rows.entity(id)
        // Oldest first, and only their order counts.
        return entity === undefined ? [] : [{ entity, written: BigInt(index + 1), whole: true }]
      }),
      states: rows.updateStates(),
      files: filesOf(file, rows),
    }
  } finally {
    file.db.close()
  }
}

async function bytesOf(given: Given): Promise<Uint8Array> {
  if (typeof given === 'string') return Buffer.from(given)
  return given instanceof Uint8Array ? given : await given.toBytes()
}

function idsOf({ db, columns }: TelethonFile, table: string, column: string): bigint[] {
  if (!columns.has(table)) return []
  const order = columns.get(table)?.has('date') === true ? 'coalesce(date, 0), ' : ''
  const rows = db.all(`select ${column} as id from ${table} order by ${order}${column}`)
  return rows.flatMap(({ id }) => (typeof id === 'bigint' ? [id] : []))
}

function filesOf({ db, columns }: TelethonFile, rows: SqliteStorage): [SentFileKey, SentFile][] {
  if (columns.get('sent_files')?.has('type') !== true) return []
  return db.all('select md5_digest, file_size, type from sent_files').flatMap((row) => {
    const { md5_digest: md5, file_size: size, type } = row
    if (!(md5 instanceof Uint8Array)) return []
    const key: SentFileKey = { md5, size: Number(size), kind: type === 1n ? 'photo' : 'document' }
    const file = rows.sentFile(key)
    return file === undefined ? [] : [[key, file]]
  })
}
