import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { convertToFile } from '../../../src/session/convert.ts'
import { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { SessionFile } from '../../../src/session/formats/telethon/live-file.ts'
import { database, HASH, hex, KEY, OTHER_KEY, SCHEMAS } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { MAIN } from '../../support/cli/main-program.ts'
import { askOldSqlite, buildOldSqlite } from '../../support/old-sqlite.ts'
import { missing } from '../../support/requires.ts'

const DUROV = `777|${HASH}|durov|15551234|Pavel`

describe('SQLite 3.7.8, of two months before 3.7.9', { skip: missing.command('cc') }, () => {
  const folder = temporaryFolder()
  let program: string
  const ask = (file: string, sql: string): { rows: string[]; error: string } =>
    askOldSqlite(program, file, sql)
  const read = (file: string, sql: string): string[] => {
    const { rows, error } = ask(file, sql)
    assert.equal(error, '')
    return rows
  }

  before(() => {
    program = buildOldSqlite()
  })

  it('is what it should be', () => {
    assert.deepEqual(read(':memory:', 'select sqlite_version();'), ['3.7.8'])
  })

  it('opens, checks, reads and writes a file that we made, and we read what it wrote', async () => {
    const file = path.join(folder, 'ours.session')
    const session = new SessionFile(file)
    await session.load()
    const { core } = session
    core.setDC(2, '149.154.167.51', 443)
    core.setAuthKey(KEY)
    core.setAuthKey(OTHER_KEY, 4)
    core.takeoutId = 99n
    core.upsert(
      Array.from({ length: 1000 }, (_, i) => ({
        id: BigInt(i + 1),
        hash: HASH,
        username: `user${i}`,
        phone: BigInt(15_550_000 + i),
        name: `Name ${i}`,
      })),
    )
    core.setUpdateState(0n, { pts: 1, qts: 2, date: 3, seq: 4 })
    core.putSentFile({ md5: new Uint8Array(16), size: 5, kind: 'photo' }, { id: 6n, hash: 7n })
    await session.close()

    assert.deepEqual(read(file, 'pragma integrity_check; select version from version;'), ['ok', '7'])
    assert.deepEqual(
      read(file, 'select dc_id, server_address, port, takeout_id, hex(auth_key) from sessions;'),
      [`2|149.154.167.51|443|99|${hex(KEY).toUpperCase()}`],
    )
    assert.deepEqual(read(file, "select id, name from entities where username = 'user7';"), ['8|Name 7'])
    const writes = [
      `insert or replace into entities values (777, ${HASH}, 'durov', 15551234, 'Pavel', 1);`,
      'update update_state set pts = 21;',
      'delete from entities where id = 1;',
      'vacuum;',
    ]
    assert.deepEqual(read(file, `${writes.join('\n')} pragma integrity_check;`), ['ok'])

    const again = new SQLiteSession(file)
    await again.load()
    assert.deepEqual(again.getUpdateState(0), { pts: 21, qts: 2, date: 3, seq: 4 })
    assert.equal(again.getInputEntity('durov').className, 'InputPeerUser')
    assert.throws(() => again.getInputEntity('user0'), { code: 'session.unknown_peer' })
    await again.close()
  })

  for (const [name, { version, sql }] of Object.entries(SCHEMAS))
    it(`opens ${name} after convert, and without it unless it has WITHOUT ROWID`, async () => {
      const old = path.join(folder, `old-${version}.session`)
      const made = path.join(folder, `made-${version}.session`)
      writeFileSync(old, await database(sql))
      const query = 'select id, hash, username, phone, name from entities;'
      const unrepaired = ask(old, query)
      if (/without rowid/.test(sql)) assert.match(unrepaired.error, /malformed database schema/)
      else assert.deepEqual(unrepaired.rows, [DUROV])

      writeFileSync(made, await convertToFile(readFileSync(old)))
      assert.deepEqual(read(made, `pragma integrity_check; ${query}`), ['ok', DUROV])
      assert.deepEqual(read(made, 'select hex(auth_key) from sessions;'), [hex(KEY).toUpperCase()])
      assert.deepEqual(read(made, 'select version from version;'), [String(version)])

      if (/without rowid/.test(sql)) return
      const session = await SQLiteSession.fromBytes(readFileSync(old))
      session.setUpdateState(0, { pts: 30, qts: 0, date: 0, seq: 0 })
      writeFileSync(old, await session.toBytes())
      assert.deepEqual(read(old, 'pragma integrity_check; select pts from update_state;'), ['ok', '30'])
    })
  it('opens what the command made of one that it called malformed', async () => {
    const old = path.join(folder, 'old.session')
    const made = path.join(folder, 'new.session')
    writeFileSync(old, await database(SCHEMAS['v4 (0.19), WITHOUT ROWID']!.sql))
    assert.match(ask(old, 'select * from version;').error, /malformed database schema/)
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'convert', old, '-o', made], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.deepEqual(read(made, 'pragma integrity_check; select hex(auth_key) from sessions;'), [
      'ok',
      hex(KEY).toUpperCase(),
    ])
  })
})
