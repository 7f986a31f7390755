import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { convertToFile, convertToString } from '../../src/session/convert.ts'
import { portable } from '../../src/session/formats/portable-session.ts'
import { inspectSession } from '../../src/session/inspect.ts'
import { openTelethonFile } from '../../src/session/formats/telethon/file.ts'
import { PYROGRAM } from '../fixtures/session/foreign/pyrogram.ts'
import { database, hex, KEY, OTHER_KEY, SCHEMAS, V7 } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { missing, PYTHON } from '../support/requires.ts'

/** Every row of every table, in the order of their names. */
async function rowsOf(bytes: Uint8Array): Promise<Record<string, unknown>> {
  const { db, columns } = await openTelethonFile(bytes)
  const tables = [...columns].map(([table, names]) => {
    const list = [...names].toSorted().join(', ')
    return [table, db.all(`select ${list} from ${table} order by ${names.size > 1 ? '1, 2' : 1}`)] as const
  })
  db.close()
  return Object.fromEntries(tables)
}

async function schemaOf(bytes: Uint8Array): Promise<string> {
  const { db } = await openTelethonFile(bytes)
  return db
    .all('select sql from sqlite_master where sql is not null')
    .map(({ sql }) => String(sql))
    .join('\n')
}

describe('converting a Telethon file into one that any SQLite opens', () => {
  const folder = temporaryFolder()

  for (const [name, { version, sql }] of Object.entries(SCHEMAS)) {
    it(`keeps what stands in ${name}, and its version`, async () => {
      const old = await database(sql)
      const made = await convertToFile(old)
      assert.equal((await inspectSession(made)).version, version)
      assert.doesNotMatch(await schemaOf(made), /without\s+rowid/i)
      assert.equal((await inspectSession(made)).withoutRowid, false)
      const [before, after] = [await rowsOf(old), await rowsOf(made)]
      // Of the row, what 1.43 and 1.44 swapped is put right.
      delete before['sessions']
      delete after['sessions']
      assert.deepEqual(after, before)
      const { format: _, bytes: __, withoutRowid: was, ...report } = await inspectSession(old)
      assert.equal(was, /without rowid/.test(sql))
      const found = await inspectSession(made)
      for (const [field, value] of Object.entries(report))
        assert.deepEqual(Object.entries(found).find(([key]) => key === field)?.[1], value, field)
    })
  }

  it('keeps foreign tables and rows of every type, and drops what an old SQLite cannot read', async () => {
    const bytes =
      await database(`${V7} create table "my ""table""" (a text, "b c" blob, d real, e integer, primary key (a, e)) without rowid;
      insert into "my ""table""" values ('1', x'00ff', 1.5, 9007199254740993), ('é', null, 0, -1);
      create index partial on entities (name) where name is not null; create index expression on entities (lower(name));
      create table g (x integer, y integer generated always as (x + 1)); insert into g (x) values (1);
      create view v as select * from entities; insert into entities values (5, 6, '123', 7, '8', 9);`)
    const made = await convertToFile(bytes)
    assert.doesNotMatch(await schemaOf(made), /without|generated|where|lower|view|index/i)
    const { db } = await openTelethonFile(made)
    assert.deepEqual(db.all('select * from "my ""table""" order by a'), [
      { a: '1', 'b c': new Uint8Array([0, 255]), d: 1.5, e: 9007199254740993n },
      { a: 'é', 'b c': null, d: 0, e: -1n },
    ])
    assert.deepEqual(db.get('select username, typeof(username) as t from entities where id = 5'), {
      username: '123',
      t: 'text',
    })
  })

  for (const [name, { version }] of Object.entries(SCHEMAS))
    it(`makes one of every older version of ${name}, down to 4`, async () => {
      const { sql } = SCHEMAS[name]!
      for (const wanted of [4, 5, 6, 7].filter((each) => each <= version)) {
        const made = await convertToFile(await database(sql), { version: wanted })
        const { columns } = await openTelethonFile(made)
        const model = Object.values(SCHEMAS).find((schema) => schema.version === wanted)!
        const { columns: expected } = await openTelethonFile(await database(model.sql))
        for (const [table, names] of expected)
          assert.deepEqual(columns.get(table), names, `${table} of ${wanted}`)
        const report = await inspectSession(made)
        assert.deepEqual(
          [report.version, report.loggedIn, report.entities],
          [wanted, true, wanted > 5 ? 1 : 0],
        )
        assert.equal(report.takeoutId, wanted > 4 ? '99' : null)
      }
    })

  it('makes none of a version that is newer, or older than 4', async () => {
    for (const version of [3, 6])
      await assert.rejects(convertToFile(await database(SCHEMAS['v5 (1.6)']!.sql), { version }), {
        code: 'session.cannot_make_version',
        exitCode: 64,
      })
  })

  it('takes a file without a login', async () => {
    const bytes = await convertToFile(await database(`${V7} delete from sessions;`))
    assert.equal((await inspectSession(bytes)).loggedIn, false)
    assert.deepEqual((await rowsOf(bytes))['sessions'], [])
  })

  it('notes a user id that is given', async () => {
    const bytes = await convertToFile(await database(V7), { userId: 4242n })
    assert.equal((await inspectSession(bytes)).userId, '4242')
  })

  it('leaves nothing but the old key out of the file', async () => {
    const sql = `${V7} create table other (x); insert into other values (x'${hex(OTHER_KEY)}'); drop table other;`
    const made = Buffer.from(await convertToFile(await database(sql)))
    assert.equal(made.indexOf(OTHER_KEY.subarray(0, 32)), -1)
    assert.notEqual(made.indexOf(KEY), -1)
  })

  it('makes what Telethon opens', { skip: missing.telethon() }, async () => {
    const file = path.join(folder, 'old.session')
    const old = V7.replace('date integer);', 'date integer) without rowid;')
    assert.notEqual(old, V7)
    writeFileSync(file, await convertToFile(await database(old)))
    const program = `
import sys
from telethon.sessions import SQLiteSession
session = SQLiteSession(sys.argv[1])
print(session.auth_key.key.hex(), session.get_input_entity('durov').user_id)`
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program, file], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    assert.equal(stdout.trim(), `${hex(KEY)} 777`, stderr)
  })
})

describe('converting between files and strings', () => {
  it('goes once round all of them without a loss of the key', async () => {
    let bytes: Uint8Array = await database(PYROGRAM['v3 with the api_id']!.sql)
    for (const format of ['mtcute', 'pyrogram', 'gramjs', 'telethon', 'mtcute'] as const) {
      const options = { apiId: 12345, userId: 4242n }
      bytes = Buffer.from(`${await convertToString(bytes, format, options)}\n`)
      const report = await inspectSession(bytes)
      assert.deepEqual([report.format, report.dcId, report.loggedIn], [`${format}-string`, 4, true])
      bytes = Buffer.from(await convertToFile(bytes, options))
    }
    const report = await inspectSession(bytes)
    assert.deepEqual([report.format, report.userId, report.dcId], ['telethon', '4242', 4])
    assert.equal(Buffer.from(bytes).indexOf(KEY) > 0, true)
  })

  it('takes the user id of a Telethon file from where Telethon keeps it', async () => {
    const bytes = await database(`${V7} insert into entities values (0, 4242, null, null, null, 1);`)
    const string = await convertToString(bytes, 'pyrogram', { apiId: 1, isBot: true })
    assert.equal((await inspectSession(Buffer.from(string))).userId, '4242')
    await assert.rejects(convertToString(await database(V7), 'pyrogram', { apiId: 1 }), {
      code: 'session.needs_user_id',
    })
  })

  it('makes no file without an address, which a client would replace by that of another data centre', async () => {
    const nowhere = portable({ dcId: 77, authKey: KEY, userId: 4242n, apiId: 1 })
    for (const convert of [() => convertToFile(nowhere), () => convertToString(nowhere, 'telethon')])
      await assert.rejects(convert, { code: 'session.needs_server_address', exitCode: 64, hint: /--dc/ })
    const server = { serverAddress: '10.0.0.7', port: 8443 }
    const string = Buffer.from(await convertToString(nowhere, 'telethon', { server }))
    for (const bytes of [await convertToFile(nowhere, { server }), string]) {
      const { dcId, serverAddress, port } = await inspectSession(bytes)
      assert.deepEqual({ dcId, serverAddress, port }, { dcId: 77, ...server })
    }
    const file = await convertToFile(await database(`${V7} update sessions set server_address = null;`), {
      server,
    })
    assert.equal((await inspectSession(file)).serverAddress, '10.0.0.7')
    // Pyrogram's string has no place for it.
    await assert.rejects(convertToString(nowhere, 'pyrogram', { server }), { code: 'session.unknown_dc' })
    const known = await convertToFile(portable({ dcId: 4, authKey: KEY }))
    assert.equal((await inspectSession(known)).serverAddress, '149.154.167.91')
  })
})
