import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import bigInt from 'big-integer'
import { inspectSession, keyFingerprint } from '../../../src/session/inspect.ts'
import { database, HASH, hex, KEY, OTHER_KEY, SCHEMAS, V7 } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { python } from '../../support/python.ts'
import { missing, PYTHON } from '../../support/requires.ts'
import { LIBRARIES } from '../../clients/libraries.ts'

/** A program of Python with `session` opened by the real Telethon. */
const withSession = (program: string): string => `
import json, sys, datetime
from telethon.sessions import SQLiteSession
from telethon.crypto import AuthKey
from telethon.tl import types
session = SQLiteSession(sys.argv[1])
${program}
session.close()`

/** What the program prints as JSON. */
async function telethon(file: string, program: string): Promise<Record<string, unknown>> {
  const said: unknown = JSON.parse((await python(withSession(program), file)) || '{}')
  assert.ok(isRecord(said))
  return said
}

const READ = `
def peer(key):
    p = session.get_input_entity(key)
    return [type(p).__name__, str(getattr(p, 'access_hash', ''))]
key = session.auth_key
state = session.get_update_state(0)
print(json.dumps({
    'home': [session.dc_id, session.server_address, session.port],
    'key': key.key.hex() if key and key.key else None, 'keyId': key.key_id.to_bytes(8, 'little').hex() if key and key.key else None,
    'takeout': session.takeout_id, 'state': [state.pts, state.qts, state.date.timestamp(), state.seq] if state else None,
    'peers': [peer(k) for k in KEYS],
}))`
const read = (file: string, keys: string): Promise<Record<string, unknown>> =>
  telethon(file, READ.replace('KEYS', keys))
const NUMBERS = [
  777, 778, 5, -5, 99, -99, -1000000000005, 1234567, -1001234567, -1000001234567, 1001234567, 4242,
]
/** Without what stands in the fixture already. */
const V7_EMPTY = `${V7} delete from entities;`
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

for (const { name: library, SQLiteSession, AuthKey, Api } of LIBRARIES) {
  describe(`Telethon and our files of ${library}`, { skip: missing.telethon() }, () => {
    const folder = temporaryFolder()

    it('opens a file that we made', async () => {
      const session = new SQLiteSession(path.join(folder, 'ours'))
      await session.load()
      assert.equal((await read(session.path!, '[]'))['key'], null)
      await session.close()
      await session.load()
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      session.setDC(2, '149.154.167.51', 443)
      session.setAuthKey(key)
      session.setAuthKey(key, 4)
      session.takeoutId = 99n
      session.setUpdateState(0, { pts: 11, qts: 12, date: 1700000000, seq: 13 })
      session.processEntities([
        new Api.User({
          id: bigInt(777),
          accessHash: bigInt(HASH),
          username: 'Durov',
          phone: '15551234',
          firstName: 'Pavel',
          self: true,
        }),
        new Api.Channel({
          id: bigInt(5),
          accessHash: bigInt(7),
          title: 'News',
          photo: new Api.ChatPhotoEmpty(),
          date: 0,
        }),
        new Api.ChatForbidden({ id: bigInt(99), title: 'Group' }),
      ])
      await session.close()
      assert.deepEqual(await read(session.path!, `[777, 'durov', '+15551234', 'Pavel', 5, 'Group', 0]`), {
        home: [2, '149.154.167.51', 443],
        key: hex(KEY),
        keyId: keyFingerprint(KEY),
        takeout: 99,
        state: [11, 12, 1700000000, 13],
        peers: [
          ...Array.from({ length: 4 }, () => ['InputPeerUser', String(HASH)]),
          ['InputPeerChannel', '7'],
          ['InputPeerChat', ''],
          ['InputPeerUser', '777'],
        ],
      })
    })

    it('makes a file that we read, change, and that it reads again', async () => {
      const file = path.join(folder, 'theirs.session')
      await telethon(
        file,
        `
session.set_dc(2, '149.154.167.51', 443)
session.auth_key = AuthKey(bytes.fromhex('${hex(KEY)}'))
session.takeout_id = 5
session.set_update_state(0, types.updates.State(1, 2, datetime.datetime.fromtimestamp(1700000000.5, datetime.timezone.utc), 4, 0))
session.process_entities([types.User(777, access_hash=${HASH}, username='durov', phone='15551234', first_name='Pavel')])
session.cache_file(b'0123456789abcdef', 10, types.InputDocument(1, ${HASH}, b''))`,
      )
      const session = new SQLiteSession(file)
      await session.load()
      assert.deepEqual([session.dcId, session.port, session.takeoutId], [2, 443, 5n])
      assert.deepEqual(session.authKeyBytes, KEY)
      assert.deepEqual(session.getUpdateState(0), { pts: 1, qts: 2, date: 1700000000, seq: 4 })
      const peer = session.getInputEntity('durov')
      assert.ok(peer instanceof Api.InputPeerUser)
      assert.equal(peer.accessHash.toString(), String(HASH))

      session.processEntities([new Api.User({ id: bigInt(778), accessHash: bigInt(8), username: 'durov' })])
      session.setUpdateState(0, { pts: 100, qts: 2, date: 1700000001, seq: 4 })
      await session.close()
      assert.equal((await inspectSession(readFileSync(file))).sentFiles, 1)
      const again = await read(file, `['durov', 'Pavel']`)
      assert.deepEqual(
        [again['key'], again['takeout'], again['state']],
        [hex(KEY), 5, [100, 2, 1700000001, 4]],
      )
      assert.deepEqual(again['peers'], [
        ['InputPeerUser', '8'],
        ['InputPeerUser', String(HASH)],
      ])
    })

    for (const [name, { version, sql }] of Object.entries(SCHEMAS)) {
      // Telethon 1.25 cannot upgrade a version 1 of its own (it drops sent_files, which that has not), nor read 8.
      if (version === 1 || version > 7) continue
      it(`upgrades ${name} after we changed it`, async () => {
        const file = path.join(folder, `old-${version}.session`)
        writeFileSync(file, await database(sql))
        const session = new SQLiteSession(file)
        await session.load()
        session.setUpdateState(0, { pts: 7, qts: 7, date: 7, seq: 7 })
        const key = new AuthKey()
        await key.setKey(Buffer.from(OTHER_KEY))
        session.setAuthKey(key)
        await session.close()
        const found = await read(file, '[]')
        assert.equal(found['key'], hex(OTHER_KEY))
        assert.equal((await inspectSession(readFileSync(file))).version, 7)
      })
    }

    it('finds the same peers by the same keys', async () => {
      const file = path.join(folder, 'lookups.session')
      const invite = Buffer.alloc(16)
      invite.writeUInt32BE(99, 4)
      const peers = [
        `(777, ${HASH}, 'durov', 15551234, 'Pavel D', 5)`,
        `(778, 2, 'durov', 15550000, 'Pavel E', 9)`,
        `(6, 3, null, null, 'durov', 1)`,
        `(-99, 0, null, null, 'Group', 1)`,
        `(-1000000000005, 7, 'newsroom', null, 'News', 1)`,
        `(-1000001234567, 8, null, null, 'Big', 1)`,
        `(-1001234567, 0, null, null, 'Old group', 1)`,
      ]
      writeFileSync(file, await database(`${V7_EMPTY} insert into entities values ${peers.join(', ')};`))
      const links = ['t.me/durov', 'https://telegram.me/durov/', 'https://t.me/+AAAAAAAAAAAAAAAA']
      const keys = [
        ...links,
        `https://t.me/joinchat/${invite.toString('base64url')}`,
        ...'durov @Durov DUROV Newsroom newsroom @nobody News Pavel Group gone +15550000 +1555'.split(' '),
        ...'+1 (555) 12-34/Pavel D/pavel d/Old group'.split('/'),
        ...NUMBERS,
      ]
      const program = `
def found(key):
    try:
        p = session.get_input_entity(key)
    except ValueError:
        return None
    return [getattr(p, 'user_id', None) or getattr(p, 'chat_id', None) or p.channel_id, str(getattr(p, 'access_hash', '0'))]
print(json.dumps({'found': [found(key) for key in json.loads('${JSON.stringify(keys)}')]}))`
      const session = await SQLiteSession.fromBytes(readFileSync(file))
      const ours = keys.map((key) => {
        try {
          const peer: object = session.getInputEntity(key)
          const [id] = ['userId', 'chatId', 'channelId'].flatMap((name) => Object(peer)[name] ?? [])
          return [Number(id), String(Object(peer).accessHash ?? 0)]
        } catch {
          return null
        }
      })
      const theirs = (await telethon(file, program))['found']
      assert.ok(Array.isArray(theirs))
      for (const [at, key] of keys.entries()) assert.deepEqual([key, ours[at]], [key, theirs[at]])
    })

    it('is refused while it stands in the middle of a transaction', async () => {
      const file = path.join(folder, 'busy.session')
      // Dies without a commit after its pages went to disk, so that the journal stays hot.
      const program = `
import os
session._conn.execute('pragma cache_size = 1')
session._conn.executemany('insert into entities values (?, 1, null, null, null, null)', [(i,) for i in range(20000)])
sys.stdout.flush()
os._exit(0)`
      assert.equal(spawnSync(PYTHON, ['-c', withSession(program), file]).status, 0)
      assert.ok(existsSync(`${file}-journal`))
      await assert.rejects(new SQLiteSession(file).load(), { code: 'session.hot_journal' })
    })
  })
}
