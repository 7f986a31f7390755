import { unmarkId } from '../../core/marked-id.ts'
import type { SqlRow } from '../../sqlite/database.ts'
import { bad, type SqliteFile } from '../../sqlite/file.ts'
import type { UpdateState } from '../../core/storage.ts'
import type { Login, ReadFile } from '../family.ts'
import { type Peer, portable } from '../portable-session.ts'
import { integerValue, keyValue, numberValue, phoneValue, textValue } from '../row-values.ts'

/** wzgram's; Pyrogram itself stopped at 3, Kurigram at 7. */
const NEWEST_VERSION = 8

/** What a client of Pyrogram's kin needs there, or it takes the session for a new one and makes a key at once. */
const NEEDED = ['test_mode', 'auth_key', 'user_id', 'is_bot']

/**
 * The SQLite file of Pyrogram and its forks, schema 1 to 8, by column name: the forks number differently, and upgraded
 * files have another order of columns than fresh ones. Before version 7 it does not hold the data centre's address.
 * Throws `BadDataError`: `session.bad_row`, `.bad_version`, `.too_new`.
 */
export function readPyrogramFile(file: SqliteFile): ReadFile {
  const version = versionOf(file)
  const { row, notes } = sessionRow(file)
  const userId = integerValue(row, 'user_id')
  const isBot = integerValue(row, 'is_bot')
  return {
    version,
    session: portable({
      dcId: numberValue(row, 'dc_id', 0, 10_000) ?? 0,
      serverAddress: textValue(row, 'server_address'),
      port: numberValue(row, 'port', 0, 65_535) || 443,
      authKey: keyValue(row, 'auth_key'),
      apiId: numberValue(row, 'api_id', 0, 0x7fffffff) || undefined,
      testMode: (integerValue(row, 'test_mode') ?? 0n) !== 0n,
      userId: userId !== undefined && userId > 0n ? userId : undefined,
      isBot: isBot === undefined ? undefined : isBot !== 0n,
      entities: peersOf(file),
      updateStates: statesOf(file),
      notes,
    }),
  }
}

/** Throws `BadDataError` (`session.no_key`) also where the row has a key, but no user: its client would replace that key. */
export function pyrogramLogin(file: SqliteFile): Login {
  versionOf(file)
  const { row } = sessionRow(file)
  const [authKey, userId] = [keyValue(row, 'auth_key'), integerValue(row, 'user_id')]
  if (authKey !== undefined && userId !== undefined)
    return { dcId: numberValue(row, 'dc_id', 0, 10_000) ?? 0, authKey, userId }
  throw bad('no_key', 'the session file holds no login: no auth key, or no user of it', 'Log in first.')
}

/** The columns that are NULL and must not be. */
export function missingValues(file: SqliteFile): string[] {
  const { row } = sessionRow(file)
  return NEEDED.filter((column) => (row[column] ?? null) === null)
}

/** The first one, as its client takes it. */
function sessionRow({ db }: SqliteFile): { row: SqlRow; notes: string[] } {
  const rows = db.all('select * from sessions')
  const notes = rows.length > 1 ? [`it holds ${rows.length} sessions; the first one counts`] : []
  return { row: rows[0] ?? {}, notes }
}

function versionOf({ db }: SqliteFile): number {
  const version = db.get('select number from version')?.['number']
  if (typeof version !== 'bigint' || version < 1n)
    throw bad('bad_version', 'the file does not say its version', 'Restore a copy of it that is whole.')
  if (version > BigInt(NEWEST_VERSION))
    throw bad(
      'too_new',
      `the Pyrogram file has version ${version}; this release knows versions up to ${NEWEST_VERSION}`,
      'Update tgsession. The file was not changed.',
    )
  return Number(version)
}

function peersOf(file: SqliteFile): Peer[] {
  const usernames = usernamesOf(file)
  return file.db.all('select * from peers').flatMap((row) => peerOf(row, usernames) ?? [])
}

/**
 * By the peer's id, in their order. Kurigram has a row of each name, pyrofork of each but the first, which stands beside
 * the peer. A cache of a third kind is not understood, and costs the names only.
 */
function usernamesOf({ db, columns }: SqliteFile): Map<bigint, string[]> {
  const names = new Map<bigint, string[]>()
  const found = columns.get('usernames')
  const isPyroforks = found?.has('peer_id')
  if (!found?.has('id') || !(isPyroforks || found.has('username'))) return names
  const [peer, name] = isPyroforks ? ['peer_id', 'id'] : ['id', 'username']
  for (const row of db.all(`select ${peer} as peer, ${name} as name from usernames order by rowid`))
    if (typeof row['peer'] === 'bigint' && typeof row['name'] === 'string' && row['name'] !== '')
      names.set(row['peer'], [...(names.get(row['peer']) ?? []), row['name'].toLowerCase()])
  return names
}

/** Pyrogram keeps no display names. */
function peerOf(row: SqlRow, usernames: ReadonlyMap<bigint, string[]>): Peer | undefined {
  const { id, access_hash: hash, username, type, last_update_on: date } = row
  if (typeof id !== 'bigint' || id === 0n) return undefined
  const isChat = unmarkId(id).kind === 'chat'
  if (!isChat && (typeof hash !== 'bigint' || hash === 0n)) return undefined
  const others = usernames.get(id) ?? []
  const beside = typeof username === 'string' && username !== '' ? [username.toLowerCase()] : []
  const [first = null, ...more] = new Set([...beside, ...others])
  return {
    id,
    hash: typeof hash === 'bigint' ? hash : 0n,
    username: first,
    phone: phoneValue(row['phone_number']),
    name: null,
    ...(typeof type === 'string' && { type }),
    ...(more.length > 0 && { moreUsernames: more }),
    ...(typeof date === 'bigint' && { date: Number(date) }),
  }
}

function statesOf({ db, columns }: SqliteFile): Map<bigint, UpdateState> {
  const states = new Map<bigint, UpdateState>()
  if (!columns.has('update_state')) return states
  for (const row of db.all('select * from update_state')) {
    if (typeof row['id'] !== 'bigint') continue
    const peer = unmarkId(row['id'])
    if (peer.kind === 'chat' || (peer.kind === 'user' && peer.id !== 0n)) continue
    const [pts, qts, date, seq] = [
      number(row, 'pts'),
      number(row, 'qts'),
      number(row, 'date'),
      number(row, 'seq'),
    ]
    states.set(peer.id, { pts, qts, date, seq })
  }
  return states
}

function number(row: SqlRow, column: string): number {
  return Math.trunc(Number(row[column] ?? 0)) || 0
}
