import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { verifySession } from '../../../src/session/inspect.ts'
import { SessionFile } from '../../../src/session/formats/telethon/live-file.ts'
import { openTelethonFile } from '../../../src/session/formats/telethon/file.ts'
import { database, HASH, hex, KEY, OTHER_KEY, SCHEMAS, V7 } from '../../fixtures/session/schemas.ts'

async function load(bytes: Uint8Array): Promise<SessionFile> {
  const file = new SessionFile(undefined)
  await file.load(bytes)
  return file
}

const one = (rows: string): Promise<Uint8Array> => database(`${V7} delete from sessions; ${rows}`)
const text = (value: string): Uint8Array => Buffer.from(value)

describe('Telethon files of every version', () => {
  for (const [name, { version, sql }] of Object.entries(SCHEMAS)) {
    it(`reads, changes and keeps ${name}`, async () => {
      const file = await load(await database(sql))
      const { core } = file
      assert.deepEqual([core.dcId, core.serverAddress, core.port], [2, '149.154.167.51', 443])
      assert.deepEqual(core.authKey(), KEY)
      assert.equal(core.takeoutId, version >= 5 ? 99n : undefined)
      const pavel = { id: 777n, hash: HASH, username: 'durov', phone: 15551234n, name: 'Pavel' }
      assert.deepEqual(core.findById(777n), version >= 6 ? pavel : undefined)
      assert.deepEqual(
        core.updateState(0),
        version >= 4 ? { pts: 11, qts: 12, date: 1700000000, seq: 13 } : undefined,
      )

      core.setDC(4, '149.154.167.91', 443)
      core.setAuthKey(OTHER_KEY)
      core.upsert([{ id: 778n, hash: -HASH, username: 'durov', phone: null, name: null }])
      core.setUpdateState(0, { pts: 21, qts: 0, date: 0, seq: 0 })
      const again = await load(await file.toBytes())
      assert.deepEqual([again.core.dcId, again.core.serverAddress], [4, '149.154.167.91'])
      assert.deepEqual(again.core.authKey(), OTHER_KEY)
      assert.equal(again.core.takeoutId, version >= 5 ? 99n : undefined)
      assert.equal(again.core.findByText('durov')?.hash, version >= 6 ? -HASH : undefined)
      assert.equal(again.core.findById(777n)?.name, version >= 6 ? 'Pavel' : undefined)
      assert.equal(again.core.updateState(0)?.pts, version >= 4 ? 21 : undefined)

      const { db, ...found } = await openTelethonFile(await file.toBytes())
      const before = await openTelethonFile(await database(sql))
      assert.deepEqual([found.version, found.columns], [version, before.columns])
      assert.equal(db.all('select * from sessions').length, 1)
    })
  }

  it('takes the newest of several owners that Telethon left with one username', async () => {
    const rows = [1, 2, 3].map(
      (id) => `insert into entities values (${id}, ${id}, 'shared', null, null, ${id === 2 ? 9 : 1});`,
    )
    const { core } = await load(await database(V7 + rows.join('')))
    assert.equal(core.findByText('@shared')?.id, 2n)
  })

  it('keeps the temporary key of version 8 until the key changes', async () => {
    const sql = SCHEMAS['v8 (1.43), takeout before the temporary key']!.sql
    const file = await load(await database(`${sql} update sessions set tmp_auth_key = x'${hex(OTHER_KEY)}';`))
    const temporary = async (): Promise<unknown> =>
      (await openTelethonFile(await file.toBytes())).db.get('select tmp_auth_key from sessions')?.[
        'tmp_auth_key'
      ]
    file.core.takeoutId = 5n
    assert.deepEqual(await temporary(), OTHER_KEY)
    file.core.setAuthKey(undefined)
    assert.deepEqual(await temporary(), new Uint8Array())
  })

  it('does not leave a replaced key in the file', async () => {
    const file = await load(await database(V7))
    file.core.setAuthKey(OTHER_KEY)
    assert.equal(Buffer.from(await file.toBytes()).indexOf(KEY.subarray(0, 32)), -1)
  })

  it('keeps tables and columns that it does not know', async () => {
    const sql = `${V7} create table mine (x); insert into mine values ('kept'); alter table sessions add column more text;`
    const file = await load(await database(sql))
    file.core.setAuthKey(OTHER_KEY)
    const { db } = await openTelethonFile(await file.toBytes())
    assert.deepEqual(db.all('select x from mine'), [{ x: 'kept' }])
  })

  it('reads a checkpointed file in WAL mode and writes it in journal mode delete', async () => {
    const bytes = await database(V7)
    bytes.fill(2, 18, 20)
    const file = await load(bytes)
    file.core.setAuthKey(OTHER_KEY)
    assert.deepEqual([...(await file.toBytes()).subarray(18, 20)], [1, 1])
    assert.deepEqual([...bytes.subarray(18, 20)], [2, 2], 'the bytes given stay as they are')
  })

  it('uses nothing that SQLite 3.7.9 cannot open', async () => {
    const file = new SessionFile(undefined)
    await file.load()
    file.core.setAuthKey(KEY, 4)
    const { db } = await openTelethonFile(await file.toBytes())
    const sql = db.all('select sql from sqlite_master').map((row) => String(row['sql']))
    assert.equal(sql.length, 7)
    for (const statement of sql) assert.doesNotMatch(statement, /without rowid|strict|generated|where|\(\(/i)
  })
})

describe('the row of a session', () => {
  const key = `x'${hex(KEY)}'`

  it('may be missing, or without a key', async () => {
    for (const rows of [
      '',
      `insert into sessions values (2, 'a', 443, x'', null);`,
      `insert into sessions values (2, 'a', 443, null, null);`,
    ])
      assert.equal((await load(await one(rows))).core.authKey(), undefined)
  })

  it('is the one with a key among several', async () => {
    const { core } = await load(
      await one(
        `insert into sessions values (1, 'a', 443, x'', null), (3, 'b', 80, ${key}, null), (5, 'c', 443, null, null);`,
      ),
    )
    assert.deepEqual([core.dcId, core.serverAddress, core.port], [3, 'b', 80])
  })

  const refused: Record<string, [rows: string, code: string]> = {
    'half a key': [`insert into sessions values (1, 'a', 443, x'0102', null);`, 'session.bad_row'],
    'a key as text': [`insert into sessions values (1, 'a', 443, 'secret text', null);`, 'session.bad_row'],
    'a port that is none': [`insert into sessions values (1, 'a', -15536, ${key}, null);`, 'session.bad_row'],
    'an address that is a blob': [
      `insert into sessions values (1, x'01', 443, ${key}, null);`,
      'session.bad_row',
    ],
  }
  for (const [name, [rows, code]] of Object.entries(refused)) {
    it(`is refused with ${name}`, async () => {
      await assert.rejects(load(await one(rows)), (error: Error & { code: string }) => {
        assert.equal(error.code, code)
        assert.doesNotMatch(error.message, /secret text/)
        return true
      })
    })
  }
})

describe('what is no sound Telethon file', async () => {
  const good = await database(V7)
  const torn = Uint8Array.from(good)
  torn.fill(0xff, 4096, 4200)
  const telethonString = `1${randomBytes(263).toString('base64url')}=`
  const refused: Record<string, [bytes: Uint8Array, code: string, message?: RegExp]> = {
    'an empty file': [new Uint8Array(), 'session.empty'],
    'a truncated file': [good.subarray(0, good.length - 1), 'session.truncated'],
    'a header alone': [good.subarray(0, 60), 'session.truncated'],
    'a damaged page': [torn, 'session.corrupt'],
    'a newer version': [
      await database(`${V7} update version set version = 9;`),
      'session.too_new',
      /version 9/,
    ],
    'no version': [await database(`${V7} delete from version;`), 'session.bad_version'],
    'a version that is text': [
      await database(V7.replace('version integer primary key', 'version text').replace('(7)', `('x')`)),
      'session.bad_version',
    ],
    'the schema before 0.16': [
      await database(
        'create table version (version integer); create table sessions (server_address, port, auth_key, layer, salt);',
      ),
      'session.too_old',
    ],
    'a Pyrogram file': [
      await database(
        'create table version (number); create table peers (id); create table sessions (dc_id, auth_key, user_id);',
      ),
      'session.foreign',
      /Pyrogram/,
    ],
    'an mtcute file without a login': [
      await database('create table mtcute_migrations (repo, version);'),
      'session.no_key',
    ],
    'an alchemysession database': [
      await database('create table version (version); create table sessions (session_id, dc_id, auth_key);'),
      'session.foreign',
      /alchemysession/,
    ],
    'another SQLite file': [
      await database('create table cookies (x);'),
      'session.foreign',
      /another program/,
    ],
    'an SQLite file without tables': [
      await database('create table x (y); drop table x;'),
      'session.foreign',
      /without any table/,
    ],
    'an age file': [text('age-encryption.org/v1\n-> X25519 abc\n'), 'session.encrypted', /age/],
    'an SQLCipher file': [randomBytes(8192), 'session.encrypted', /SQLCipher/],
    garbage: [Buffer.concat([Buffer.from([0x01, 0x00]), randomBytes(1001)]), 'session.garbage'],
    zeros: [new Uint8Array(4096), 'session.garbage'],
    zstd: [Buffer.from('28b52ffd2004', 'hex'), 'session.foreign', /zstd/],
    gzip: [Buffer.from('1f8b0800', 'hex'), 'session.foreign', /gzip/],
    zip: [Buffer.from('504b030414', 'hex'), 'session.foreign', /zip/],
    'a -wal file': [Buffer.from('377f06820000', 'hex'), 'session.foreign', /-wal/],
    JSON: [text('{"auth_key": 1}'), 'session.foreign', /JSON/],
    HTML: [text('\uFEFF<!DOCTYPE html><p>404'), 'session.foreign', /HTML/],
    XML: [text('<?xml version="1.0"?><Error>'), 'session.foreign', /XML/],
    'a Telethon string': [text(telethonString), 'session.foreign', /Telethon string/],
    'a GramJS string': [
      text(
        `1${Buffer.concat([Buffer.of(2, 0, 14), text('149.154.167.51'), randomBytes(258)]).toString('base64')}\n`,
      ),
      'session.foreign',
      /GramJS string/,
    ],
    'a Pyrogram string': [
      text(Buffer.concat([Buffer.of(2), randomBytes(270)]).toString('base64url')),
      'session.foreign',
      /Pyrogram string/,
    ],
    'some text': [text('hello'), 'session.foreign', /a text/],
  }
  for (const [name, [bytes, code, message]] of Object.entries(refused)) {
    it(`refuses ${name} as ${code}`, async () => {
      await assert.rejects(verifySession(bytes), { code, exitCode: 65, ...(message && { message }) })
    })
  }

  it('never quotes the string that it refuses', async () => {
    await assert.rejects(verifySession(text(telethonString)), (error: Error) => {
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(telethonString.slice(5, 25)))
      return true
    })
  })

  it('finds every truncation', async () => {
    for (let length = 0; length < good.length; length += 1500)
      await assert.rejects(verifySession(good.subarray(0, length)), { exitCode: 65 })
  })
})
