import { type Expression, sql, type SqlBool } from 'kysely'
import { BadDataError } from '../../base/errors.ts'
import type { AuthState, Entity, SentFile, SentFileKey } from '../../session/core/storage.ts'
import type { Db } from '../tables/database.ts'
import { requireSameId } from '../lease/lease-row.ts'
import type { LoadedRows, Misses } from './sql-storage.ts'
import { OTHER_KEY, parseLargeFile, SENT_FILE_TYPES, TAKEOUT } from './value-names.ts'
import type { RowsOf } from './write-rows.ts'

/** Which entities are read when a session is loaded: all, the newest so many, or none but the account's own id. */
export type Preload = 'all' | 'none' | number

/** Throws `BadDataError` (`container.ambiguous`, `container.id_clash`) and as `KeySeal.open` does. */
export async function readRows(of: RowsOf, db: Db, preload: Preload): Promise<LoadedRows> {
  const values = await readValues(of, db)
  const auth = await readAuth(of, db, values)
  const { entities, written } = await readEntities(of, db, preload)
  const otherKeys = new Map<number, Uint8Array>()
  const large: [SentFileKey, SentFile][] = []
  for (const [name, value] of values) {
    const file = parseLargeFile(name, value)
    if (file !== undefined) large.push(file)
    if (!name.startsWith(OTHER_KEY)) continue
    const dcId = name.slice(OTHER_KEY.length)
    const key = of.seal.open(value, of.id, dcId)
    if (key !== undefined) otherKeys.set(Number(dcId), key)
  }
  return {
    auth,
    otherKeys,
    entities,
    written,
    complete: preload === 'all',
    states: await readStates(of, db),
    files: [...(await readFiles(of, db)), ...large],
  }
}

/** The entities that any of these name. */
export async function readMisses(of: RowsOf, db: Db, misses: Misses): Promise<Entity[]> {
  const { ids, usernames, phones, names } = misses
  const rows = await selectEntities(of, db)
    .where((eb) => {
      const any: Expression<SqlBool>[] = []
      if (ids.length > 0)
        any.push(
          eb(
            'id',
            'in',
            ids.map((id) => of.database.int(id)),
          ),
        )
      if (usernames.length > 0) any.push(eb('username', 'in', usernames))
      if (phones.length > 0)
        any.push(
          eb(
            'phone',
            'in',
            phones.map((phone) => of.database.int(phone)),
          ),
        )
      if (names.length > 0) any.push(eb('name', 'in', names))
      return eb.or(any)
    })
    .execute()
  return rows.map(entityOf)
}

function selectEntities({ database, id }: RowsOf, db: Db) {
  const text = (column: string) => database.text(column)
  return db
    .selectFrom('entities')
    .select(['username', 'name'])
    .select([text('id').as('id'), text('hash').as('hash'), text('phone').as('phone')])
    .where('session_id', '=', id)
}

interface EntityRow {
  id: string
  hash: string
  username: string | null
  phone: string | null
  name: string | null
}

function entityOf({ id, hash, username, phone, name }: EntityRow): Entity {
  const known = { username: username || null, name: name || null }
  return { id: BigInt(id), hash: BigInt(hash), ...known, phone: phone === null ? null : BigInt(phone) }
}

async function readEntities(
  of: RowsOf,
  db: Db,
  preload: Preload,
): Promise<{ entities: Entity[]; written: bigint }> {
  const dates = db
    .selectFrom('tgsession_entities')
    .select([of.database.text('id').as('id'), of.database.text('written').as('written')])
    .where('session_id', '=', of.id)
    .orderBy('tgsession_entities.written', 'desc')
  const newest =
    preload === 'all'
      ? await dates.execute()
      : await dates.limit(sql.lit(preload === 'none' ? 0 : preload)).execute()
  const rank = new Map(newest.map(({ id, written }) => [id, BigInt(written)]))
  const all = selectEntities(of, db)
  const found = preload === 'all' ? await all.execute() : []
  const wanted = preload === 'all' ? [] : ['0', ...rank.keys()]
  for (let start = 0; start < wanted.length; start += 1000) {
    const part = wanted.slice(start, start + 1000).map((id) => of.database.int(BigInt(id)))
    found.push(...(await all.where('id', 'in', part).execute()))
  }
  const rankOf = (row: EntityRow): bigint => rank.get(row.id) ?? 0n
  const sorted = found.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : rankOf(a) > rankOf(b) ? 1 : 0))
  return { entities: sorted.map(entityOf), written: BigInt(newest[0]?.written ?? 0) }
}

/** Throws as `readRows`. */
export async function readAuth(
  of: RowsOf,
  db: Db,
  values: ReadonlyMap<string, Uint8Array>,
): Promise<AuthState> {
  const rows = await db
    .selectFrom('sessions')
    .select(['session_id', 'dc_id', 'server_address', 'port', 'auth_key'])
    .where('session_id', '=', of.id)
    .execute()
  for (const row of rows) requireSameId(row.session_id, of.id)
  const withKey = rows.filter(({ auth_key: key }) => key !== null && key.length > 0)
  if (withKey.length > 1)
    throw new BadDataError('container.ambiguous', `${of.id} has keys of ${withKey.length} data centres`, {
      hint: 'Delete the rows of the others from the table "sessions".',
    })
  const row = withKey[0] ?? rows[0]
  const takeout = values.get(TAKEOUT)
  return {
    dcId: Number(row?.dc_id ?? 0),
    serverAddress: row?.server_address || undefined,
    port: Number(row?.port ?? 443),
    authKey: of.seal.open(row?.auth_key ?? null, of.id, 'home'),
    takeoutId: takeout === undefined ? undefined : BigInt(Buffer.from(takeout).toString()),
  }
}

export async function readValues({ id }: RowsOf, db: Db): Promise<Map<string, Uint8Array>> {
  const rows = await db
    .selectFrom('tgsession_values')
    .select(['name', 'value'])
    .where('session_id', '=', id)
    .execute()
  return new Map(rows.map(({ name, value }) => [name, value]))
}

async function readStates({ database, id }: RowsOf, db: Db): Promise<LoadedRows['states']> {
  const text = (column: string) => database.text(column)
  const rows = await db
    .selectFrom('update_state')
    .select([text('entity_id').as('entity_id'), text('pts').as('pts'), text('qts').as('qts')])
    .select([text('date').as('date'), text('seq').as('seq')])
    .where('session_id', '=', id)
    .execute()
  return rows.map(({ entity_id: of, pts, qts, date, seq }) => [
    BigInt(of),
    // Columns of Python's table may be null.
    { pts: Number(pts), qts: Number(qts), date: Number(date), seq: Number(seq) },
  ])
}

async function readFiles({ database, id }: RowsOf, db: Db): Promise<[SentFileKey, SentFile][]> {
  const text = (column: string) => database.text(column)
  const rows = await db
    .selectFrom('sent_files')
    .select(['md5_digest', 'file_size', 'type', text('id').as('id'), text('hash').as('hash')])
    .where('session_id', '=', id)
    .execute()
  return rows.map(({ md5_digest: md5, file_size: size, type, id: fileId, hash }) => [
    {
      md5: Uint8Array.from(md5),
      size: Number(size),
      kind: Number(type) === SENT_FILE_TYPES.photo ? 'photo' : 'document',
    },
    { id: BigInt(fileId), hash: BigInt(hash) },
  ])
}
