import { type InsertObject, type RawBuilder, sql } from 'kysely'
import type { AuthState, SentFile, SentFileKey, UpdateState } from '../../session/core/storage.ts'
import { columnTypes } from '../tables/create-tables.ts'
import type { Database, Db } from '../tables/database.ts'
import { claimKey } from './claim-key.ts'
import type { KeySeal } from './key-seal.ts'
import { type ContainerSchema, SESSION_TABLES } from '../tables/schema.ts'
import type { Changes, EntityWrite } from './sql-storage.ts'
import {
  LARGEST_SIZE,
  largeFileName,
  largeFileValue,
  OTHER_KEY,
  SENT_FILE_TYPES,
  TAKEOUT,
} from './value-names.ts'

type Table = Exclude<(typeof SESSION_TABLES)[number], 'sessions'> | 'tgsession_fences'

export interface RowsOf {
  database: Database
  seal: KeySeal
  id: string
}

/** Writes all of it with `db`, which is a transaction that was fenced. */
export async function writeRows(of: RowsOf, db: Db, changes: Changes): Promise<void> {
  if (changes.auth !== undefined) await writeAuth(of, db, changes.auth)
  for (const [dcId, key] of changes.otherKeys) {
    const value = key && of.seal.seal(key, of.id, String(dcId))
    await writeValue(of, db, `${OTHER_KEY}${dcId}`, value)
  }
  for (const part of parts(changes.dropped, of)) await drop(of, db, part)
  for (const part of parts(changes.entities, of)) await writeEntities(of, db, part)
  for (const part of parts(changes.states, of)) await writeStates(of, db, part)
  for (const part of parts(
    changes.files.filter((file) => !isLarge(file)),
    of,
  ))
    await writeFiles(of, db, part)
  for (const [key, file] of changes.files.filter(isLarge))
    await writeValue(of, db, largeFileName(key), largeFileValue(file))
}

function isLarge([{ size }]: [SentFileKey, SentFile]): boolean {
  return size > LARGEST_SIZE
}

/** Removes a session; its lease stays. */
export async function deleteRows({ id }: Pick<RowsOf, 'id'>, db: Db): Promise<void> {
  for (const table of SESSION_TABLES) await db.deleteFrom(table).where('session_id', '=', id).execute()
}

async function writeAuth(of: RowsOf, db: Db, auth: AuthState): Promise<void> {
  if (auth.authKey !== undefined) await claimKey(of, db, auth.authKey)
  await db.deleteFrom('sessions').where('session_id', '=', of.id).execute()
  const row = {
    session_id: of.id,
    dc_id: auth.dcId,
    server_address: auth.serverAddress ?? null,
    port: auth.serverAddress === undefined ? null : auth.port,
    // As Python writes it where there is no key.
    auth_key: auth.authKey === undefined ? Buffer.alloc(0) : of.seal.seal(auth.authKey, of.id, 'home'),
  }
  await db.insertInto('sessions').values(row).execute()
  const takeout = auth.takeoutId === undefined ? undefined : Buffer.from(String(auth.takeoutId))
  await writeValue(of, db, TAKEOUT, takeout)
}

/** Under this name; undefined removes it. */
export async function writeValue(
  of: RowsOf,
  db: Db,
  name: string,
  value: Uint8Array | undefined,
): Promise<void> {
  const rows = [{ session_id: of.id, name, value: value ?? Buffer.alloc(0) }]
  if (value !== undefined)
    return await upsert(of.database, db, 'tgsession_values', rows, ['session_id', 'name'], ['value'])
  await db.deleteFrom('tgsession_values').where('session_id', '=', of.id).where('name', '=', name).execute()
}

async function drop({ database, id }: RowsOf, db: Db, dropped: Changes['dropped']): Promise<void> {
  await db
    .updateTable('entities')
    .set({ username: null })
    .where('session_id', '=', id)
    .where(
      'username',
      'in',
      dropped.map(([username]) => username),
    )
    .where((of) =>
      of.or(
        dropped.map(([username, owner]) =>
          of.and([of('username', '=', username), of('id', '<>', database.int(owner))]),
        ),
      ),
    )
    .execute()
}

async function writeEntities(
  { database, id }: RowsOf,
  db: Db,
  entities: readonly EntityWrite[],
): Promise<void> {
  const at = { session_id: id }
  const key = ['session_id', 'id'] as const
  const row = ({ entity }: EntityWrite) => ({
    ...at,
    id: String(entity.id),
    hash: String(entity.hash),
    username: clip(entity.username, 32),
    phone: entity.phone === null ? null : String(entity.phone),
    name: clip(entity.name, 255),
  })
  // In one order everywhere, so that no two writers wait for each other.
  const sorted = entities.toSorted((a, b) => (a.entity.id < b.entity.id ? -1 : 1))
  const whole = sorted.filter((write) => write.whole).map(row)
  const partial = sorted.filter((write) => !write.whole).map(row)
  const known = ['username', 'phone', 'name'] as const
  if (whole.length > 0) await upsert(database, db, 'entities', whole, key, ['hash', ...known])
  if (partial.length > 0) await upsert(database, db, 'entities', partial, key, ['hash'], known)
  const dates = sorted.map(({ entity, written }) => ({
    ...at,
    id: String(entity.id),
    written: String(written),
  }))
  await upsert(database, db, 'tgsession_entities', dates, key, ['written'])
}

async function writeStates(of: RowsOf, db: Db, states: readonly [bigint, UpdateState][]): Promise<void> {
  const columns = ['pts', 'qts', 'date', 'seq'] as const
  const rows = states.map(([id, { pts, qts, date, seq }]) => ({
    session_id: of.id,
    entity_id: String(id),
    pts: String(pts),
    qts: String(qts),
    date: String(date),
    seq: String(seq),
  }))
  await upsert(of.database, db, 'update_state', rows, ['session_id', 'entity_id'], columns)
}

async function writeFiles(of: RowsOf, db: Db, files: Changes['files']): Promise<void> {
  const rows = files.map(([{ md5, size, kind }, { id, hash }]) => ({
    session_id: of.id,
    md5_digest: Buffer.from(md5),
    file_size: size,
    type: SENT_FILE_TYPES[kind],
    id: String(id),
    hash: String(hash),
  }))
  const key = ['session_id', 'md5_digest', 'file_size', 'type'] as const
  await upsert(of.database, db, 'sent_files', rows, key, ['id', 'hash'])
}

/** `replaced` columns take what is wanted; `filled` ones keep what they have where null is wanted. */
export async function upsert<T extends Table>(
  database: Database,
  db: Db,
  table: T,
  rows: Partial<InsertObject<ContainerSchema, T>>[],
  key: readonly (keyof ContainerSchema[T] & string)[],
  replaced: readonly (keyof ContainerSchema[T] & string)[],
  filled: readonly (keyof ContainerSchema[T] & string)[] = [],
): Promise<void> {
  const set = Object.fromEntries([
    ...replaced.map((column) => [column, database.wanted(column)]),
    ...filled.map((column) => [
      column,
      sql`coalesce(${database.wanted(column)}, ${sql.table(database.prefix + table)}.${sql.ref(column)})`,
    ]),
  ])
  const into: Db = db
  // oxlint-disable typescript/no-unsafe-type-assertion -- Kysely cannot follow a table that is a type parameter
  const insert =
    database.kind === 'postgres'
      ? into
          .insertInto(table as 'entities')
          .columns(columnsOf(rows) as 'id'[])
          .expression(recordset(table, rows))
      : into
          .insertInto(table as 'entities')
          .values(rows as unknown as InsertObject<ContainerSchema, 'entities'>[])
  const keys = key as readonly 'id'[]
  // oxlint-enable typescript/no-unsafe-type-assertion
  await (
    database.kind === 'mysql'
      ? insert.onDuplicateKeyUpdate(set)
      : insert.onConflict((on) => on.columns(keys).doUpdateSet(set))
  ).execute()
}

function columnsOf(rows: readonly object[]): string[] {
  return Object.keys(rows[0] ?? {})
}

/**
 * Rows as one parameter, which Postgres reads in a third of the time that it needs for thousands of them. Any driver
 * takes a text; an array of numbers, not every one.
 */
function recordset(table: Table, rows: readonly object[]): RawBuilder<unknown> {
  // A Buffer has made something else of itself by the time that it is given as the value.
  const json = JSON.stringify(rows, function (this: Record<string, unknown>, name, value: unknown) {
    const given = this[name]
    return given instanceof Uint8Array ? String.raw`\x${Buffer.from(given).toString('hex')}` : value
  })
  const names = columnsOf(rows)
  const types = columnTypes('postgres', table)
  const typed = names.map((name) => sql`${sql.ref(name)} ${sql.raw(types.get(name) ?? '')}`)
  return sql`select ${sql.join(names.map((name) => sql.ref(name)))}
    from json_to_recordset(cast(cast(${json} as text) as json)) as given(${sql.join(typed)})`
}

function* parts<T>(rows: readonly T[], { database }: RowsOf): Iterable<T[]> {
  const most = database.mostRows
  for (let start = 0; start < rows.length; start += most) yield rows.slice(start, start + most)
}

/** What the column takes. Telegram has no longer ones; one row that the database refuses would hold up all others. */
function clip(text: string | null, length: number): string | null {
  return text === null ? null : Array.from(text.replaceAll('\0', '')).slice(0, length).join('').toWellFormed()
}
