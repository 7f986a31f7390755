import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { convertToFile, fitForClient } from '../../../src/session/convert.ts'
import { openTelethonFile } from '../../../src/session/formats/telethon/file.ts'
import { SessionFile } from '../../../src/session/formats/telethon/live-file.ts'
import { inspectSession, keyFingerprint, verifySession } from '../../../src/session/inspect.ts'
import { database, hex, KEY, OTHER_KEY, SCHEMAS, V7 } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { missing, PYTHON } from '../../support/requires.ts'

const V4 = SCHEMAS['v4 (0.19), WITHOUT ROWID']!.sql
const V6 = SCHEMAS['v6 (1.10.2)']!.sql

/** Files whose version and columns disagree, and a word of what is amiss. */
const MISFITS: Record<string, [sql: string, RegExp]> = {
  'version 4 with a takeout id': [`${V4} alter table sessions add takeout_id integer;`, /takeout_id/],
  'version 6 with a date': [`${V6} alter table entities add date integer;`, /date/],
  'version 7 without a date': [`${V7} alter table entities drop column date;`, /date/],
  'version 7 with a column of nobody': [`${V7} alter table sessions add mine text;`, /mine/],
  'nothing but its version and its key': [
    `${V7} drop table entities; drop table sent_files; drop table update_state;`,
    /entities.*missing/,
  ],
}

describe('a Telethon file whose tables do not fit its version', () => {
  const folder = temporaryFolder()

  for (const [name, [sql, what]] of Object.entries(MISFITS)) {
    it(`is read, and said to be one: ${name}`, async () => {
      const report = await inspectSession(await database(sql))
      assert.deepEqual([report.format, report.loggedIn], ['telethon', true])
      assert.match(report.problems.join('\n'), what)
      assert.equal((await verifySession(await database(sql))).keyFingerprint, keyFingerprint(KEY))
    })

    it(`is written exactly as its version says: ${name}`, async () => {
      for (const made of [
        await convertToFile(await database(sql)),
        await fitForClient(await database(sql)),
      ]) {
        const { problems, loggedIn } = await inspectSession(made)
        assert.deepEqual([loggedIn, problems.filter((one) => !one.includes('left out'))], [true, []])
      }
    })
  }

  it('opens in Telethon then', { skip: missing.telethon() }, async () => {
    const files: string[] = []
    for (const [sql] of Object.values(MISFITS)) {
      const file = path.join(folder, `${files.length}.session`)
      writeFileSync(file, await convertToFile(await database(sql)))
      files.push(file)
    }
    const program = `
import sys
from telethon.sessions import SQLiteSession
for file in sys.argv[1:]:
    session = SQLiteSession(file)
    session.process_entities(None)
    session.set_update_state(0, session.get_update_state(0)) if session.get_update_state(0) else None
    session.save()
    print(session.auth_key.key.hex())`
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program, ...files], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    assert.deepEqual(stdout.trim().split('\n'), Array(files.length).fill(hex(KEY)), stderr)
  })
})

describe('a Telethon file', () => {
  const folder = temporaryFolder()

  it('keeps its address, or gets the known one, on the way into a file', async () => {
    const bytes = await database(`${V7} update sessions set server_address = null, port = null;`)
    const { serverAddress, port } = await inspectSession(await convertToFile(bytes))
    assert.deepEqual([serverAddress, port], ['149.154.167.51', 443])
  })

  it('with the keys of two data centres is that of the first, as for Telethon, and says so', async () => {
    const bytes = await database(
      `${V7} insert into sessions values (4, 'a', 443, x'${hex(OTHER_KEY)}', null);`,
    )
    const report = await inspectSession(bytes)
    assert.deepEqual([report.dcId, report.keyFingerprint], [2, keyFingerprint(KEY)])
    assert.match(report.problems.join(), /2 data centres/)
  })

  it('of version 1 to 5 serves no peers, which Telethon deletes at its upgrade', async () => {
    for (const { version, sql } of Object.values(SCHEMAS)) {
      const file = new SessionFile(undefined)
      await file.load(await database(sql))
      assert.equal(file.core.findById(777n) !== undefined, version >= 6, `version ${version}`)
      const report = await inspectSession(await database(sql))
      assert.equal(report.entities, version >= 6 ? 1 : 0)
      assert.equal(/1 peers? .*left out/.test(report.problems.join()), version < 6)
    }
  })

  it('with tables of a module that is not there is read, and they stay', async () => {
    const file = path.join(folder, 'virtual.session')
    const db = new DatabaseSync(file)
    db.exec(`${V7} create virtual table notes using fts5(body); insert into notes values ('mine');
      create virtual table boxes using rtree(id, x0, x1);`)
    db.close()
    const bytes = new Uint8Array(readFileSync(file))
    assert.equal((await verifySession(bytes)).keyFingerprint, keyFingerprint(KEY))
    const { loggedIn, entities, problems } = await inspectSession(bytes)
    assert.deepEqual([loggedIn, entities, problems], [true, 1, []])
    const session = new SessionFile(file)
    await session.load()
    session.core.setUpdateState(0n, { pts: 1, qts: 2, date: 3, seq: 4 })
    await session.close()
    const again = new DatabaseSync(file)
    assert.equal(again.prepare(`select body from notes where notes match 'mine'`).get()?.['body'], 'mine')
    again.close()
    assert.equal((await openTelethonFile(new Uint8Array(readFileSync(file)))).columns.has('notes'), false)
  })
})
