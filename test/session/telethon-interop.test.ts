import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import bigInt from 'big-integer'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { Api } from 'telegram/tl/index.js'
import { inspectSession, keyFingerprint } from '../../src/session/inspect.ts'
import { SQLiteSession } from '../../src/session/sqlite-session.ts'
import { database, HASH, hex, KEY, OTHER_KEY, SCHEMAS } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../fixtures/session/temporary.ts'
import { missing, PYTHON } from '../support/requires.ts'

/** Runs Python with `session` opened by the real Telethon; returns what the program prints as JSON. */
function telethon(file: string, program: string): Record<string, unknown> {
  const source = `
import json, sys, datetime
from telethon.sessions import SQLiteSession
from telethon.crypto import AuthKey
from telethon.tl import types
session = SQLiteSession(sys.argv[1])
${program}
session.close()`
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', source, file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  const said: unknown = JSON.parse(stdout || '{}')
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
const read = (file: string, keys: string): Record<string, unknown> =>
  telethon(file, READ.replace('KEYS', keys))
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

describe('Telethon and our files', { skip: missing.telethon() }, () => {
  const folder = temporaryFolder()

  it('opens a file that we made', async () => {
    const session = new SQLiteSession(path.join(folder, 'ours'))
    await session.load()
    assert.equal(read(session.path!, '[]')['key'], null)
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
    assert.deepEqual(read(session.path!, `[777, 'durov', '+15551234', 'Pavel', 5, 'Group', 0]`), {
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
    telethon(
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
    const again = read(file, `['durov', 'Pavel']`)
    assert.deepEqual([again['key'], again['takeout'], again['state']], [hex(KEY), 5, [100, 2, 1700000001, 4]])
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
      const found = read(file, '[]')
      assert.equal(found['key'], hex(OTHER_KEY))
      assert.equal((await inspectSession(readFileSync(file))).version, 7)
    })
  }

  it('is refused while it stands in the middle of a transaction', async () => {
    const file = path.join(folder, 'busy.session')
    // Dies without a commit after its pages went to disk, so that the journal stays hot.
    const program = `
import os
session._conn.execute('pragma cache_size = 1')
session._conn.executemany('insert into entities values (?, 1, null, null, null, null)', [(i,) for i in range(20000)])
sys.stdout.flush()
os._exit(0)`
    telethon(file, program)
    assert.ok(existsSync(`${file}-journal`))
    await assert.rejects(new SQLiteSession(file).load(), { code: 'session.hot_journal' })
  })
})
