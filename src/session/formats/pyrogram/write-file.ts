import { markedId, unmarkId } from '../../core/marked-id.ts'
import { SqlDatabase } from '../../sqlite/database.ts'
import { addressOf, isTest, keyOf, refuseOtherAddress, required } from '../checks.ts'
import type { Peer, PortableSession } from '../portable-session.ts'
import { type PyrogramVariant, SCHEMAS } from './variants.ts'

const INTEGER = 'cast(? as integer)'
const KINDS = { user: 'user', chat: 'group', channel: 'channel' } as const

/**
 * The file as this client makes it. The api_id may stay open: the client has one. Throws `BadDataError` (`session.no_key`,
 * `.unknown_dc` where the file has no place for the address), `UsageError` (`session.needs_user_id`).
 */
export async function writePyrogramFile(
  variant: PyrogramVariant,
  session: PortableSession,
): Promise<Uint8Array> {
  const { version, sql } = SCHEMAS[variant]
  const authKey = keyOf(session)
  const userId = required(session.userId, 'user id', '--user-id', 'userId')
  const home = variant === 'kurigram' ? addressOf(session, () => true) : undefined
  if (home === undefined) refuseOtherAddress(session)
  const db = await SqlDatabase.open()
  try {
    db.script(
      `${sql} CREATE TABLE version (number INTEGER PRIMARY KEY); INSERT INTO version VALUES (${version});`,
    )
    db.transaction(() => {
      const { dcId, apiId, isBot = false } = session
      db.run(
        `insert into sessions (dc_id, api_id, test_mode, auth_key, date, user_id, is_bot)
          values (?, ?, ?, ?, 0, ${INTEGER}, ?)`,
        BigInt(dcId),
        apiId === undefined ? null : BigInt(apiId),
        BigInt(isTest(session)),
        authKey,
        userId,
        BigInt(isBot),
      )
      if (home)
        db.run('update sessions set server_address = ?, port = ?', home.serverAddress, BigInt(home.port))
      for (const peer of session.entities) writePeer(db, variant, peer)
      if (variant !== 'pyrogram') writeStates(db, session)
    })
    return db.export()
  } finally {
    db.close()
  }
}

function writePeer(db: SqlDatabase, variant: PyrogramVariant, peer: Peer): void {
  const { id, hash, username, phone, type = KINDS[unmarkId(id).kind], moreUsernames = [], date = 0 } = peer
  const isBeside = variant === 'pyrogram' || variant === 'pyrofork'
  db.run(
    `insert into peers (id, access_hash, type, phone_number, last_update_on${isBeside ? ', username' : ''})
      values (${INTEGER}, ${INTEGER}, ?, ?, ${INTEGER}${isBeside ? ', ?' : ''})`,
    id,
    hash,
    type,
    phone === null ? null : String(phone),
    BigInt(date),
    ...(isBeside ? [username] : []),
  )
  if (variant === 'pyrofork')
    for (const name of moreUsernames)
      db.run(`insert or replace into usernames values (?, ${INTEGER}, ${INTEGER})`, name, id, BigInt(date))
  if (!isBeside && username !== null)
    for (const name of [username, ...moreUsernames])
      db.run(`insert into usernames values (${INTEGER}, ?)`, id, name)
}

/** Of a channel only where it is known as a peer: the client resolves it at its start, and fails if it cannot. */
function writeStates(db: SqlDatabase, { entities, updateStates }: PortableSession): void {
  const known = new Set(entities.map(({ id }) => id))
  for (const [channel, { pts, qts, date, seq }] of updateStates) {
    const id = channel === 0n ? 0n : markedId({ kind: 'channel', id: channel })
    if (id === 0n || known.has(id))
      db.run(`insert into update_state values (${INTEGER}, ?, ?, ?, ?)`, id, pts, qts, date, seq)
  }
}
