import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { convertToFile, fitForClient } from '../../../src/session/convert.ts'
import { FAMILY_NAMES, type FamilyName } from '../../../src/session/formats/family.ts'
import { type Peer, portable } from '../../../src/session/formats/portable-session.ts'
import { inspectSession, keyFingerprint, verifySession } from '../../../src/session/inspect.ts'
import { readAnySession } from '../../../src/session/read-session.ts'
import { PYROGRAM } from '../../fixtures/session/foreign/pyrogram.ts'
import { database, HASH, hex, KEY, OTHER_KEY, V7 } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const foreign = path.join(import.meta.dirname, '../../fixtures/session/foreign')

const PEERS: readonly Peer[] = [
  { id: 777n, hash: HASH, username: 'durov', phone: 15551234n, name: 'Pavel', date: 1_700_000_000 },
  {
    id: -1000000000005n,
    hash: 7n,
    username: 'news',
    phone: null,
    name: 'News',
    date: 1_700_000_001,
    moreUsernames: ['second'],
  },
  { id: -99n, hash: 0n, username: null, phone: null, name: 'Group', date: 1_700_000_002 },
]
const FULL = portable({
  dcId: 4,
  serverAddress: '149.154.167.92',
  authKey: KEY,
  userId: 4242n,
  isBot: true,
  apiId: 12345,
  testMode: false,
  takeoutId: 99n,
  otherKeys: new Map([[2, OTHER_KEY]]),
  entities: PEERS,
  updateStates: new Map([
    [0n, { pts: 11, qts: 12, date: 1_700_000_000, seq: 13 }],
    [5n, { pts: 21, qts: 0, date: 1_700_000_000, seq: 0 }],
    [6n, { pts: 31, qts: 0, date: 1_700_000_000, seq: 0 }],
  ]),
  sentFiles: [
    [
      { md5: Uint8Array.from(Array(16).keys()), size: 5, kind: 'photo' },
      { id: 1n, hash: 2n },
    ],
  ],
})

const byId = (one: Peer, other: Peer): number => Number(one.id - other.id)

const familyOf = async (sql: string): Promise<FamilyName> => (await verifySession(await database(sql))).family

const make = async (family: FamilyName): Promise<Uint8Array> => await convertToFile(FULL, { family })

async function columnsOf(bytes: Uint8Array, file: string): Promise<Record<string, string[]>> {
  writeFileSync(file, bytes)
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const tables = db.prepare(`select name from sqlite_master where type = 'table' order by name`).all()
    return Object.fromEntries(
      tables.map(({ name }) => [
        name,
        db
          .prepare('select name, type from pragma_table_info(?) order by name')
          .all(name ?? '')
          .map((column) => `${String(column['name'])} ${String(column['type']).toLowerCase()}`),
      ]),
    )
  } finally {
    db.close()
  }
}

describe('the families of session files', () => {
  const folder = temporaryFolder()

  for (const family of FAMILY_NAMES)
    it(`of ${family} are written, recognised and read again`, async () => {
      const bytes = await make(family)
      const { family: found, ...verified } = await verifySession(bytes)
      assert.equal(found, family)
      assert.deepEqual(verified, {
        keyFingerprint: keyFingerprint(KEY),
        userId: '4242',
        bytes: bytes.length,
      })
      const { format, session } = await readAnySession(bytes)
      assert.equal(format, family)
      assert.deepEqual([session.dcId, session.authKey, session.isBot], [4, KEY, true])
      assert.deepEqual(
        session.entities
          .toSorted(byId)
          .map(({ id, hash, username, phone, date }) => [id, hash, username, phone, date]),
        PEERS.toSorted(byId).map(({ id, hash, username, phone, date }) => [id, hash, username, phone, date]),
      )
      const names = session.entities.find(({ id }) => id === -1000000000005n)?.moreUsernames
      assert.deepEqual(names, ['telethon', 'pyrogram'].includes(family) ? undefined : ['second'])
      if (family === 'pyrogram') assert.equal(session.updateStates.size, 0)
      else {
        assert.deepEqual(session.updateStates.get(0n), { pts: 11, qts: 12, date: 1_700_000_000, seq: 13 })
        assert.equal(session.updateStates.get(5n)?.pts, 21)
        // Kurigram fails at its start on a channel that it cannot resolve.
        assert.equal(session.updateStates.has(6n), ['telethon', 'mtcute'].includes(family))
      }
      if (family === 'telethon')
        assert.deepEqual(
          [
            session.entities.find(({ id }) => id === 777n)?.name,
            session.takeoutId,
            session.sentFiles,
            session.apiId,
          ],
          ['Pavel', 99n, FULL.sentFiles, 12345],
        )
      if (family === 'telethon' || family === 'mtcute') assert.deepEqual(session.otherKeys, FULL.otherKeys)
      if (family === 'kurigram' || family === 'mtcute' || family === 'telethon')
        assert.equal(session.serverAddress, '149.154.167.92')
    })

  it('become any other, with the key, the account and the peers', async () => {
    for (const from of FAMILY_NAMES)
      for (const to of FAMILY_NAMES) {
        const made = await convertToFile(await make(from), { family: to })
        const { family, keyFingerprint: key, userId } = await verifySession(made)
        const report = await inspectSession(made)
        assert.deepEqual(
          [family, key, userId, report.entities, report.problems],
          [to, keyFingerprint(KEY), '4242', 3, []],
          `${from} to ${to}`,
        )
      }
  })

  for (const [name, family] of [
    ['pyrogram-2.0.106', 'pyrogram'],
    ['kurigram-2.1.35', 'kurigram6'],
  ] as const)
    it(`have the columns of ${name}`, async () => {
      const { deflatedFile } = JSON.parse(readFileSync(path.join(foreign, `${name}.json`), 'utf8'))
      const theirs = new Uint8Array(inflateSync(Buffer.from(deflatedFile, 'base64')))
      const file = path.join(folder, `${name}.session`)
      assert.deepEqual(await columnsOf(await make(family), file), await columnsOf(theirs, file))
    })

  it('are told by columns, never by the number', async () => {
    const { sql } = PYROGRAM['v7 of Kurigram, fresh']!
    const four = 'update version set number = 4;'
    const told: Record<string, FamilyName> = {
      [`${sql} ${four}`]: 'kurigram',
      [`${sql} update version set number = 8;`]: 'kurigram',
      [`${PYROGRAM['v3 with the api_id']!.sql} ${four}`]: 'pyrogram',
      [`${PYROGRAM['v3 with the api_id']!.sql} ${four} create table update_state (id integer primary key, pts, qts, date, seq);`]:
        'pyrofork',
      [`${PYROGRAM['v3 with the api_id']!.sql} ${four} create table usernames (id text primary key, peer_id integer);`]:
        'pyrofork',
    }
    for (const [schema, family] of Object.entries(told))
      assert.equal((await verifySession(await database(schema))).family, family, schema.slice(-80))
  })

  it('of pyrofork are read with the second names of their peers', async () => {
    const sql = `${PYROGRAM['v3 with the api_id']!.sql} update version set number = 4;
      create table usernames (id text primary key, peer_id integer not null, last_update_on integer);
      insert into usernames values ('pavel', 777, 1), ('p', 777, 1);`
    const { session } = await readAnySession(await database(sql))
    assert.deepEqual(session.entities.find(({ id }) => id === 777n)?.moreUsernames, ['pavel', 'p'])
  })

  it('of Pyrogram without a user hold no login: their client would replace the key at once', async () => {
    for (const { sql } of Object.values(PYROGRAM))
      await assert.rejects(verifySession(await database(`${sql} update sessions set user_id = null;`)), {
        code: 'session.no_key',
      })
  })

  it('of Pyrogram get a flag that is missing before their client sees them', async () => {
    const { sql } = PYROGRAM['v7 of Kurigram, upgraded']!
    const bytes = await database(`${sql} update sessions set is_bot = null, test_mode = null;`)
    const { problems } = await inspectSession(bytes)
    assert.equal(problems.length, 2)
    assert.match(problems.join(), /test_mode is NULL.*is_bot is NULL/)
    const fit = await fitForClient(bytes)
    assert.deepEqual((await inspectSession(fit)).problems, [])
    assert.equal(await fitForClient(fit), fit)
  })

  it('of Telethon and mtcute in one file are that which is logged in', async () => {
    const mtcute = `create table mtcute_migrations (repo text primary key, version integer);
      create table auth_keys (dc integer primary key, key blob not null);
      create table key_value (key text primary key, value blob);`
    const key = `insert into auth_keys values (2, x'${hex(OTHER_KEY)}');`
    assert.equal(await familyOf(`${V7} ${mtcute}`), 'telethon')
    assert.equal(await familyOf(`${V7} ${mtcute} ${key} delete from sessions;`), 'mtcute')
    await assert.rejects(familyOf(`${V7} ${mtcute} ${key}`), { code: 'session.two_families', exitCode: 65 })
  })

  it('of mtcute are at home on data centre 2 where they do not say', async () => {
    const sql = `create table mtcute_migrations (repo, version); create table key_value (key, value);
      create table auth_keys (dc integer, key blob);
      insert into auth_keys values (2, x'${hex(KEY)}'), (4, x'${hex(OTHER_KEY)}');`
    const { dcId, serverAddress, keyFingerprint: key, otherKeys } = await inspectSession(await database(sql))
    assert.deepEqual([dcId, serverAddress, key, otherKeys], [2, '149.154.167.50', keyFingerprint(KEY), 1])
  })
})
