import { unmarkId } from '../../core/marked-id.ts'
import type { SqlRow } from '../../sqlite/database.ts'
import { bad, type SqliteFile } from '../../sqlite/file.ts'
import type { UpdateState } from '../../core/storage.ts'
import type { Login, ReadFile } from '../family.ts'
import { parseDcBlob } from '../strings/mtcute.ts'
import { type Peer, portable } from '../portable-session.ts'
import { badColumn, integerValue, keyValue, numberValue, phoneValue, textValue } from '../row-values.ts'
import { TlReader } from '../strings/tl-bytes.ts'

const CHANNEL_PTS = 'updates_channel:'

/** Where mtcute logs in unless told otherwise; it names a data centre in its file only once it was sent to another. */
const FIRST_HOME = { dcId: 2, serverAddress: '149.154.167.50', port: 443, testMode: false }

type Values = ReadonlyMap<string, Uint8Array>
type Keys = ReadonlyMap<number, Uint8Array>

/**
 * mtcute's SQLite file. What it keeps beside the keys stands in a key-value table, in TL's little-endian forms.
 * Sources: @mtcute/core storage/sqlite, storage/service/default-dcs, highlevel/storage/service/{current-user,updates}.
 * Throws `BadDataError`: `session.bad_row`, `session.no_dc`.
 */
export function readMtcuteFile(file: SqliteFile): ReadFile {
  const [values, keys] = [valuesOf(file), keysOf(file)]
  const main = homeOf(values, keys)
  const media = dcOf(values.get('dc_media'))
  const dcId = main?.dcId ?? 0
  return {
    version: undefined,
    session: portable({
      ...main,
      authKey: keys.get(dcId),
      otherKeys: new Map([...keys].filter(([dc]) => dc !== dcId)),
      mediaDc: media && { dcId: media.dcId, serverAddress: media.serverAddress, port: media.port },
      ...selfOf(values.get('current_user')),
      entities: peersOf(file),
      updateStates: statesOf(values),
    }),
  }
}

/** By the key of the home data centre: mtcute leaves the user where it is when it makes a new one. */
export function mtcuteLogin(file: SqliteFile): Login {
  const [values, keys] = [valuesOf(file), keysOf(file)]
  const dcId = homeOf(values, keys)?.dcId ?? 0
  const authKey = keys.get(dcId)
  if (authKey !== undefined) return { dcId, authKey, userId: selfOf(values.get('current_user'))?.userId }
  throw bad('no_key', 'the session file holds no auth key: nobody has logged in with it', 'Log in first.')
}

function valuesOf({ db, columns }: SqliteFile): Values {
  if (!columns.has('key_value')) return new Map()
  return new Map(
    db
      .all('select key, value from key_value')
      .flatMap(({ key, value }) =>
        typeof key === 'string' && value instanceof Uint8Array ? [[key, value] as const] : [],
      ),
  )
}

function keysOf({ db, columns }: SqliteFile): Keys {
  const keys = new Map<number, Uint8Array>()
  if (!columns.has('auth_keys')) return keys
  for (const row of db.all('select dc, key from auth_keys')) {
    const key = keyValue(row, 'key')
    if (key !== undefined) keys.set(numberValue(row, 'dc', 1, 30_000) ?? 0, key)
  }
  return keys
}

function homeOf(values: Values, keys: Keys): typeof FIRST_HOME | undefined {
  const main = dcOf(values.get('dc_main'))
  if (main !== undefined || keys.size === 0) return main
  if (keys.has(FIRST_HOME.dcId)) return FIRST_HOME
  throw bad('no_dc', 'the mtcute file holds keys, but not its data centre', 'Use a copy that is whole.')
}

function dcOf(blob: Uint8Array | undefined): ReturnType<typeof parseDcBlob> | undefined {
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

function peersOf({ db, columns }: SqliteFile): Peer[] {
  return columns.has('peers') ? db.all('select * from peers').flatMap((row) => peerOf(row) ?? []) : []
}

function peerOf(row: SqlRow): Peer | undefined {
  const id = integerValue(row, 'id') ?? 0n
  if (id === 0n || (row['isMin'] ?? 0n) !== 0n) return undefined
  const hash = fastLong(textValue(row, 'hash'))
  if (hash === 0n && unmarkId(id).kind !== 'chat') return undefined
  const [username = null, ...more] = usernamesOf(textValue(row, 'usernames'))
  const { updated } = row
  return {
    id,
    hash,
    username,
    phone: phoneValue(row['phone']),
    name: null,
    ...(more.length > 0 && { moreUsernames: more }),
    ...(typeof updated === 'bigint' && { date: Math.floor(Number(updated) / 1000) }),
  }
}

function usernamesOf(json: string | undefined): string[] {
  try {
    const names: unknown = JSON.parse(json ?? '[]')
    return (Array.isArray(names) ? names : []).flatMap((name: unknown) =>
      typeof name === 'string' && name !== '' ? [name.toLowerCase()] : [],
    )
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

function statesOf(values: Values): Map<bigint, UpdateState> {
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
