import { unmarkId } from '../../core/marked-id.ts'
import type { SqlRow } from '../../sqlite/database.ts'
import { bad, type SqliteFile } from '../../sqlite/file.ts'
import type { Entity, UpdateState } from '../../core/storage.ts'
import { knownAddress } from '../data-centres.ts'
import { portable, type PortableSession } from '../portable-session.ts'
import { integerValue, keyValue, numberValue, phoneValue, textValue } from '../row-values.ts'

/** Kurigram's newest schema; Pyrogram itself stopped at 3. */
const NEWEST_VERSION = 7

/**
 * Pyrogram's and Kurigram's SQLite file, schema 1 to 7, by column name: upgraded files have another order of columns
 * than fresh ones. Sources: pyrogram/storage/sqlite_storage.py, kurigram's fork of it.
 * Throws `BadDataError`: `session.bad_row`, `.bad_version`, `.too_new`, `.ambiguous`.
 */
export function readPyrogramFile(file: SqliteFile): { version: number; session: PortableSession } {
  const version = versionOf(file)
  const rows = file.db.all('select * from sessions')
  if (rows.length > 1)
    throw bad('ambiguous', 'the session file holds several sessions', 'Keep one of its rows, in a copy.')
  const row = rows[0] ?? {}
  const dcId = numberValue(row, 'dc_id', 0, 10_000) ?? 0
  const testMode = (integerValue(row, 'test_mode') ?? 0n) !== 0n
  const known = knownAddress(dcId, testMode)
  const userId = integerValue(row, 'user_id')
  const isBot = integerValue(row, 'is_bot')
  return {
    version,
    session: portable({
      dcId,
      serverAddress: textValue(row, 'server_address') ?? known?.serverAddress,
      port: numberValue(row, 'port', 0, 65_535) || (known?.port ?? 443),
      authKey: keyValue(row, 'auth_key'),
      apiId: numberValue(row, 'api_id', 0, 0x7fffffff) || undefined,
      testMode,
      userId: userId !== undefined && userId > 0n ? userId : undefined,
      isBot: isBot === undefined ? undefined : isBot !== 0n,
      entities: peersOf(file),
      updateStates: statesOf(file),
    }),
  }
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

/** Pyrogram keeps no names. Since version 4 usernames have a table of their own, of which the first is the main one. */
function peersOf({ db, columns }: SqliteFile): Entity[] {
  const usernames = new Map<bigint, string>()
  if (columns.has('usernames'))
    for (const row of db.all('select id, username from usernames order by rowid desc')) {
      const { id, username } = row
      if (typeof id === 'bigint' && typeof username === 'string') usernames.set(id, username)
    }
  return db.all('select * from peers').flatMap((row) => peerOf(row, usernames) ?? [])
}

function peerOf(row: SqlRow, usernames: ReadonlyMap<bigint, string>): Entity | undefined {
  const { id, access_hash: hash, username } = row
  if (typeof id !== 'bigint' || id === 0n) return undefined
  const isChat = unmarkId(id).kind === 'chat'
  if (!isChat && (typeof hash !== 'bigint' || hash === 0n)) return undefined
  const name = typeof username === 'string' ? username : usernames.get(id)
  return {
    id,
    hash: typeof hash === 'bigint' ? hash : 0n,
    username: name?.toLowerCase() || null,
    phone: phoneValue(row['phone_number']),
    name: null,
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
