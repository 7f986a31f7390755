import { unmarkId } from '../../core/marked-id.ts'
import type { SqlRow } from '../../sqlite/database.ts'
import { bad, type SqliteFile } from '../../sqlite/file.ts'
import type { Entity, UpdateState } from '../../core/storage.ts'
import { parseDcBlob } from '../strings/mtcute.ts'
import { portable, type PortableSession } from '../portable-session.ts'
import { badColumn, integerValue, keyValue, numberValue, phoneValue, textValue } from '../row-values.ts'
import { TlReader } from '../strings/tl-bytes.ts'

const CHANNEL_PTS = 'updates_channel:'

/**
 * mtcute's SQLite file. What it keeps beside the keys stands in a key-value table, in TL's little-endian forms.
 * Sources: @mtcute/core storage/sqlite, storage/service/default-dcs, highlevel/storage/service/{current-user,updates}.
 * Throws `BadDataError`: `session.bad_row`, `session.no_dc`.
 */
export function readMtcuteFile({ db, columns }: SqliteFile): { session: PortableSession } {
  const values = columns.has('key_value') ? valuesOf(db.all('select key, value from key_value')) : new Map()
  const keys = columns.has('auth_keys') ? keysOf(db.all('select dc, key from auth_keys')) : new Map()
  const main = homeOf(values.get('dc_main'))
  if (main === undefined && keys.size > 0)
    throw bad('no_dc', 'the mtcute file holds keys, but not its data centre', 'Use a copy that is whole.')
  const media = homeOf(values.get('dc_media'))
  const dcId = main?.dcId ?? 0
  return {
    session: portable({
      ...(main && { dcId, serverAddress: main.serverAddress, port: main.port, testMode: main.testMode }),
      authKey: keys.get(dcId),
      otherKeys: new Map([...keys].filter(([dc]) => dc !== dcId)),
      mediaDc: media && { dcId: media.dcId, serverAddress: media.serverAddress, port: media.port },
      ...selfOf(values.get('current_user')),
      entities: columns.has('peers') ? db.all('select * from peers').flatMap((row) => peerOf(row) ?? []) : [],
      updateStates: statesOf(values),
    }),
  }
}

function valuesOf(rows: SqlRow[]): Map<string, Uint8Array> {
  return new Map(
    rows.flatMap(({ key, value }) =>
      typeof key === 'string' && value instanceof Uint8Array ? [[key, value] as const] : [],
    ),
  )
}

function keysOf(rows: SqlRow[]): Map<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>()
  for (const row of rows) {
    const key = keyValue(row, 'key')
    if (key !== undefined) keys.set(numberValue(row, 'dc', 1, 30_000) ?? 0, key)
  }
  return keys
}

function homeOf(blob: Uint8Array | undefined): ReturnType<typeof parseDcBlob> | undefined {
  return blob && orBadRow('dc_main', () => parseDcBlob(blob))
}

/** mtcute's own form: version (1), flags (1 bot), user id, and what is not needed here. */
function selfOf(value: Uint8Array | undefined): { userId: bigint; isBot: boolean } | undefined {
  if (value === undefined || value.length === 0) return undefined
  return orBadRow('current_user', () => {
    const reader = new TlReader(value)
    if (reader.uint() !== 1) throw badColumn('current_user')
    const isBot = (reader.uint() & 1) !== 0
    return { isBot, userId: reader.int53() }
  })
}

function peerOf(row: SqlRow): Entity | undefined {
  const id = integerValue(row, 'id') ?? 0n
  if (id === 0n || (row['isMin'] ?? 0n) !== 0n) return undefined
  const hash = fastLong(textValue(row, 'hash'))
  if (hash === 0n && unmarkId(id).kind !== 'chat') return undefined
  const username = usernamesOf(textValue(row, 'usernames'))[0]
  return {
    id,
    hash,
    username: typeof username === 'string' && username !== '' ? username.toLowerCase() : null,
    phone: phoneValue(row['phone']),
    name: null,
  }
}

function usernamesOf(json: string | undefined): unknown[] {
  try {
    const names: unknown = JSON.parse(json ?? '[]')
    return Array.isArray(names) ? names : []
  } catch {
    throw badColumn('usernames')
  }
}

/** "low|high", both signed 32-bit; '' for basic groups. */
function fastLong(text: string | undefined): bigint {
  if (text === undefined) return 0n
  const [, low, high] = /^(-?\d{1,10})\|(-?\d{1,10})$/.exec(text) ?? []
  if (low === undefined || high === undefined) throw badColumn('hash')
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low)))
}

function statesOf(values: ReadonlyMap<string, Uint8Array>): Map<bigint, UpdateState> {
  const number = (key: string): number | undefined => {
    const value = values.get(key)
    return value && orBadRow(key, () => new TlReader(value).uint())
  }
  const states = new Map<bigint, UpdateState>()
  const [pts, qts, date, seq] = ['pts', 'qts', 'date', 'seq'].map((field) => number(`updates_${field}`))
  if (pts !== undefined && date !== undefined) states.set(0n, { pts, qts: qts ?? 0, date, seq: seq ?? 0 })
  for (const key of values.keys()) {
    const id = key.startsWith(CHANNEL_PTS) ? key.slice(CHANNEL_PTS.length) : ''
    const channelPts = /^\d{1,18}$/.test(id) ? number(key) : undefined
    // It has no date of its own; without one it would not be followed (see `forgetChannel`).
    if (channelPts !== undefined) states.set(BigInt(id), { pts: channelPts, qts: 0, date: date ?? 0, seq: 0 })
  }
  return states
}

/** What is cut short, or holds what no session string may hold, is a bad row. */
function orBadRow<T>(column: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw badColumn(column)
  }
}
