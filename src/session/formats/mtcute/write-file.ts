import { SqlDatabase } from '../../sqlite/database.ts'
import { addressOf, isTest, keyOf } from '../checks.ts'
import type { Peer, PortableSession } from '../portable-session.ts'
import { dcBlob } from '../strings/mtcute.ts'
import { tlInt53, tlUint } from '../strings/tl-bytes.ts'

/** What @mtcute/core 0.30 makes, with the versions that it notes for each of its parts. */
const SCHEMA = `
create table mtcute_migrations (
    repo text not null primary key,
    version integer not null
);
create table auth_keys (dc integer primary key, key blob not null);
create table temp_auth_keys (
    dc integer not null,
    idx integer not null,
    key blob not null,
    expires integer not null,
    primary key (dc, idx)
);
create table key_value (key text primary key, value blob not null);
create table peers (
    id integer primary key,
    hash text not null,
    usernames json not null,
    updated integer not null,
    phone text,
    complete blob
);
create index idx_peers_usernames on peers (usernames);
create index idx_peers_phone on peers (phone);
alter table peers add column isMin integer not null default false;
create table message_refs (
    peer_id integer not null,
    chat_id integer not null,
    msg_id integer not null
);
create index idx_message_refs_peer on message_refs (peer_id);
create index idx_message_refs on message_refs (chat_id, msg_id);
insert into mtcute_migrations values ('auth_keys', 1), ('kv', 1), ('ref_messages', 1), ('peers', 2);
`
const IS_BOT = 1

/** The file as mtcute makes it. Throws `BadDataError` (`session.no_key`), `UsageError` (`session.needs_server_address`). */
export async function writeMtcuteFile(session: PortableSession): Promise<Uint8Array> {
  const authKey = keyOf(session)
  const values = [...homeOf(session), ...statesOf(session)]
  const db = await SqlDatabase.open()
  try {
    db.script(SCHEMA)
    db.transaction(() => {
      for (const [dc, key] of [...session.otherKeys, [session.dcId, authKey] as const])
        db.run('insert or replace into auth_keys values (?, ?)', BigInt(dc), key)
      for (const [key, value] of values) db.run('insert into key_value values (?, ?)', key, value)
      for (const peer of session.entities) writePeer(db, peer)
    })
    return db.export()
  } finally {
    db.close()
  }
}

type Values = (readonly [key: string, value: Uint8Array])[]

function homeOf(session: PortableSession): Values {
  const { mediaDc, userId, isBot } = session
  const main = addressOf(session, () => true)
  const values: Values = [['dc_main', dcBlob(main, isTest(session), false)]]
  values.push(['dc_media', dcBlob(mediaDc ?? main, isTest(session), mediaDc !== undefined)])
  // Without it mtcute asks Telegram who it is, and so it does where nobody knows whether it is a bot.
  if (userId !== undefined && isBot !== undefined)
    values.push(['current_user', Buffer.concat([tlUint(1), tlUint(isBot ? IS_BOT : 0), tlInt53(userId)])])
  return values
}

function statesOf({ updateStates }: PortableSession): Values {
  return [...updateStates].flatMap(([channel, { pts, qts, date, seq }]): Values => {
    if (channel !== 0n) return [[`updates_channel:${channel}`, tlUint(pts)]]
    return Object.entries({ pts, qts, date, seq }).map(([name, value]) => [`updates_${name}`, tlUint(value)])
  })
}

function writePeer(db: SqlDatabase, peer: Peer): void {
  const { id, hash, username, phone, moreUsernames = [], date = 0 } = peer
  const names = username === null ? [] : [username, ...moreUsernames]
  db.run(
    `insert into peers (id, hash, isMin, usernames, updated, phone)
      values (cast(? as integer), ?, 0, ?, cast(? as integer), ?)`,
    id,
    hash === 0n ? '' : fastLong(hash),
    JSON.stringify(names),
    BigInt(date) * 1000n,
    phone === null ? null : String(phone),
  )
}

/** "low|high", both signed 32-bit. */
function fastLong(value: bigint): string {
  return `${BigInt.asIntN(32, value)}|${BigInt.asIntN(32, value >> 32n)}`
}
