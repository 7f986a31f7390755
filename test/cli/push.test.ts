import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { portable } from '../../src/session/formats/portable-session.ts'
import { encodeSessionString } from '../../src/session/formats/strings/session-string.ts'
import { inspectSession, keyFingerprint } from '../../src/session/inspect.ts'
import { makeMtcuteFile } from '../fixtures/session/foreign/mtcute-file.ts'
import { PYROGRAM } from '../fixtures/session/foreign/pyrogram.ts'
import { database, hex, KEY, OTHER_KEY } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'

const session = portable({
  dcId: 2,
  serverAddress: '149.154.167.51',
  authKey: KEY,
  userId: 777n,
  apiId: 12345,
})

describe('tgsession push', () => {
  const folder = temporaryFolder()
  const cli = new Cli(folder)
  after(() => cli.killAll())

  const envOf = (store: string): Record<string, string> => ({ TGSESSION_STORE: `file:${folder}/${store}` })
  const pulled = async (store: string): ReturnType<typeof inspectSession> => {
    const file = path.join(folder, `${store}.session`)
    const { code, stderr } = await cli.run(['pull', file], envOf(store))
    assert.equal(code, 0, stderr)
    return await inspectSession(readFileSync(file))
  }

  for (const format of ['telethon', 'gramjs', 'pyrogram', 'mtcute'] as const)
    it(`takes a string of ${format} on standard input`, async () => {
      const string = encodeSessionString(format, session)
      const { code, stderr } = await cli.run(['push', '-', '--json'], envOf(format), `${string}\n`)
      assert.equal(code, 0, stderr)
      const report = await pulled(format)
      assert.deepEqual(
        [report.format, report.keyFingerprint, report.serverAddress],
        ['telethon', keyFingerprint(KEY), '149.154.167.51'],
      )
    })

  it('takes a file as it is, or as one of another family with its peers', async () => {
    const [schema] = Object.values(PYROGRAM)
    writeFileSync(path.join(folder, 'pyrogram.session'), await database(schema!.sql))
    const { code, stderr } = await cli.run(['push', 'pyrogram.session'], envOf('file'))
    assert.equal(code, 0, stderr)
    const report = await pulled('file')
    assert.deepEqual(
      [report.format, report.keyFingerprint, report.dcId],
      ['pyrogram', keyFingerprint(KEY), 4],
    )
    assert.deepEqual(
      readFileSync(path.join(folder, 'file.session')),
      readFileSync(path.join(folder, 'pyrogram.session')),
    )
    const { stdout } = await cli.run(['history', '--json'], envOf('file'))
    assert.match(stdout, /"family":"pyrogram"/)
    const other = await cli.run(['push', 'pyrogram.session', '--to', 'kurigram'], envOf('file'))
    assert.equal(other.code, 0, other.stderr)
    rmSync(path.join(folder, 'file.session'))
    const converted = await pulled('file')
    assert.deepEqual([converted.format, converted.entities], ['kurigram', report.entities])
  })

  it('takes an mtcute file', async () => {
    const string = encodeSessionString('mtcute', session)
    await makeMtcuteFile(path.join(folder, 'of-mtcute.session'), string, OTHER_KEY)
    const { code, stderr } = await cli.run(['push', 'of-mtcute.session'], envOf('mtcute-file'))
    assert.equal(code, 0, stderr)
    assert.equal((await pulled('mtcute-file')).keyFingerprint, keyFingerprint(KEY))
  })

  it('holds a source that does not tell its account to the one that is given', async () => {
    const string = encodeSessionString('telethon', session)
    const env = { ...envOf('pinned'), TGSESSION_USER_ID: '777' }
    const other = await cli.run(['push', '-', '--user-id', '888', '--json'], env, string)
    assert.equal(other.code, 73)
    assert.equal(lastJson(other.stdout)['outcome'], 'quarantined')
    const own = await cli.run(['push', '-', '--user-id', '777', '--json'], env, string)
    assert.equal(own.code, 0, own.stderr)
    assert.equal((await pulled('pinned')).userId, '777')
  })

  it('names the option for an address that nobody knows', async () => {
    const sql = `create table version (number integer primary key); insert into version values (3);
      create table sessions (dc_id integer primary key, api_id integer, test_mode integer, auth_key blob,
        date integer not null, user_id integer, is_bot integer);
      insert into sessions values (77, 1, 0, x'${hex(KEY)}', 0, 4242, 0);
      create table peers (id integer primary key, access_hash integer, type text not null, username text,
        phone_number text, last_update_on integer not null default 0);`
    writeFileSync(path.join(folder, 'nowhere.session'), await database(sql))
    const env = envOf('nowhere')
    const refused = await cli.run(['push', 'nowhere.session', '--to', 'telethon'], env)
    assert.equal(refused.code, 64, refused.stderr)
    assert.match(refused.stderr, /--dc HOST:PORT/)
    const wrong = await cli.run(['push', 'nowhere.session', '--to', 'telethon', '--dc', 'nonsense'], env)
    assert.match(wrong.stderr, /HOST:PORT/)
    for (const [dc, host] of [
      ['10.0.0.7:8443', '10.0.0.7'],
      ['[2001:db8::7]:8443', '2001:db8::7'],
    ] as const) {
      const { code, stderr } = await cli.run(['push', 'nowhere.session', '--to', 'telethon', '--dc', dc], env)
      assert.equal(code, 0, stderr)
      await cli.run(['pull', 'nowhere.out', '--overwrite'], env)
      const report = await inspectSession(readFileSync(path.join(folder, 'nowhere.out')))
      assert.deepEqual([report.serverAddress, report.port], [host, 8443])
    }
  })

  it('stores nothing that has no key', async () => {
    const string = encodeSessionString('telethon', session)
    for (const input of ['', 'no session at all', string.slice(0, -9)]) {
      const { code, stderr } = await cli.run(['push', '-'], envOf('none'), input)
      assert.equal(code, 65, stderr)
    }
    assert.equal((await cli.run(['pull', 'none.out'], envOf('none'))).code, 66)
  })

  it('has printed no key', () => {
    assert.ok(cli.printed.length > 10)
    for (const text of cli.printed)
      for (const secret of [hex(KEY), Buffer.from(KEY).toString('base64')])
        assert.ok(!text.includes(secret.slice(0, 40)), text)
  })
})
