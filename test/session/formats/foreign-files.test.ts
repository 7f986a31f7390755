import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import bigInt from 'big-integer'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { StoreSession } from 'telegram/sessions/index.js'
import { Api } from 'telegram/tl/index.js'
import { AuthKey as ProtoAuthKey } from 'teleproto/crypto/AuthKey.js'
import { StoreSession as ProtoStoreSession } from 'teleproto/sessions/index.js'
import { convertToFile, convertToString } from '../../../src/session/convert.ts'
import { portable } from '../../../src/session/formats/portable-session.ts'
import {
  decodeSessionString,
  encodeSessionString,
} from '../../../src/session/formats/strings/session-string.ts'
import { readStoreSession } from '../../../src/session/formats/gramjs/store-session.ts'
import { inspectSession, verifySession } from '../../../src/session/inspect.ts'
import { readAnySession } from '../../../src/session/read-session.ts'
import { SessionFile } from '../../../src/session/formats/telethon/live-file.ts'
import { makeMtcuteFile } from '../../fixtures/session/foreign/mtcute-file.ts'
import { PYROGRAM } from '../../fixtures/session/foreign/pyrogram.ts'
import { database, HASH, KEY, OTHER_KEY } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const foreign = path.join(import.meta.dirname, '../../fixtures/session/foreign')

async function opened(bytes: Uint8Array): Promise<SessionFile['core']> {
  const file = new SessionFile(undefined)
  await file.load(bytes)
  return file.core
}

describe('Pyrogram and Kurigram files', () => {
  for (const [name, { version, sql }] of Object.entries(PYROGRAM)) {
    it(`reads ${name}`, async () => {
      const { format, version: found, session } = await readAnySession(await database(sql))
      assert.deepEqual(
        [format, found],
        [version === 7 ? 'kurigram' : version > 3 ? 'kurigram6' : 'pyrogram', version],
      )
      const report = await inspectSession(await database(sql))
      const address = version === 7 ? '149.154.167.92' : '149.154.167.91'
      assert.deepEqual([session.dcId, report.serverAddress, report.port], [4, address, 443])
      assert.deepEqual([session.authKey, session.userId, session.isBot], [KEY, 4242n, false])
      assert.equal(session.apiId, version >= 3 ? 12345 : undefined)
    })

    it(`makes a Telethon file of ${name}`, async () => {
      const core = await opened(await convertToFile(await database(sql)))
      assert.deepEqual([core.dcId, core.authKey(), core.userId], [4, KEY, 4242n])
      assert.deepEqual(core.findByText('@durov'), {
        id: 777n,
        hash: HASH,
        username: 'durov',
        phone: 15551234n,
        name: null,
      })
      assert.equal(core.findById(-1000000000005n)?.hash, 7n)
      assert.equal(core.findById(-99n)?.hash, 0n)
      assert.equal(core.findById(778n), undefined)
      if (version < 5) return
      assert.deepEqual(core.updateState(0), { pts: 11, qts: 12, date: 1700000000, seq: 13 })
      assert.deepEqual(core.updateState(5), { pts: 21, qts: 0, date: 1700000001, seq: 0 })
    })
  }

  for (const [name, version] of [
    ['pyrogram-2.0.106', 3],
    ['kurigram-2.1.35', 6],
  ] as const)
    it(`reads what ${name} wrote, a file and a string, and writes the same string`, async () => {
      const { string, deflatedFile } = JSON.parse(readFileSync(path.join(foreign, `${name}.json`), 'utf8'))
      const file = inflateSync(Buffer.from(deflatedFile, 'base64'))
      const { format, version: found, session } = await readAnySession(new Uint8Array(file))
      assert.deepEqual([format, found], [version === 6 ? 'kurigram6' : 'pyrogram', version])
      assert.deepEqual([session.dcId, session.apiId, session.userId, session.isBot], [4, 12345, 4242n, false])
      assert.deepEqual(session.authKey, KEY)
      const core = await opened(await convertToFile(file))
      assert.deepEqual([core.findByText('durov')?.hash, core.findByText('+15551234')?.id], [HASH, 777n])
      assert.deepEqual([core.findById(-1000000000005n)?.hash, core.findById(-99n)?.hash], [7n, 0n])
      if (version === 6) assert.deepEqual(core.updateState(5), { pts: 21, qts: 0, date: 1700000001, seq: 0 })

      assert.deepEqual(decodeSessionString(string).session.authKey, KEY)
      assert.equal(await convertToString(file, 'pyrogram'), string)
    })

  it('refuses newer and damaged ones', async () => {
    const { sql } = PYROGRAM['v7 of Kurigram, fresh']!
    const refused = {
      'update version set number = 9': 'session.too_new',
      'delete from version': 'session.bad_version',
      "update sessions set auth_key = 'text'": 'session.bad_row',
      'update sessions set port = 70000': 'session.bad_row',
      'drop table sessions': 'session.foreign',
    }
    for (const [change, code] of Object.entries(refused))
      await assert.rejects(inspectSession(await database(`${sql} ${change};`)), { code, exitCode: 65 })
  })
})

describe('mtcute files', () => {
  const folder = temporaryFolder()
  const string = encodeSessionString(
    'mtcute',
    portable({
      dcId: 2,
      serverAddress: '149.154.167.50',
      authKey: KEY,
      userId: 2n ** 40n + 1n,
      isBot: true,
      mediaDc: { dcId: 2, serverAddress: '149.154.167.222', port: 443 },
    }),
  )
  const make = async (name: string): Promise<Uint8Array> => {
    const file = path.join(folder, name)
    await makeMtcuteFile(file, string, OTHER_KEY)
    return readFileSync(file)
  }

  it('reads what mtcute made, and gives the string that it was made of', async () => {
    const { format, session } = await readAnySession(await make('a.db'))
    assert.equal(format, 'mtcute')
    assert.equal(encodeSessionString('mtcute', session), string)
    assert.deepEqual(session.otherKeys, new Map([[4, OTHER_KEY]]))
  })

  it('makes a Telethon file of it', async () => {
    const bytes = await convertToFile(await make('b.db'))
    const core = await opened(bytes)
    assert.deepEqual([core.authKey(), core.authKey(4), core.userId], [KEY, OTHER_KEY, 2n ** 40n + 1n])
    assert.deepEqual(core.findByText('durov'), {
      id: 777n,
      hash: -6n * 2n ** 32n - 1n,
      username: 'durov',
      phone: 15551234n,
      name: null,
    })
    assert.deepEqual(core.findById(-1000000000005n)?.hash, 7n)
    assert.deepEqual(core.findById(-99n)?.hash, 0n)
    assert.equal(core.findById(778n), undefined)
    assert.deepEqual(core.updateState(0), { pts: 11, qts: 12, date: 1700000000, seq: 13 })
    assert.deepEqual(core.updateState(5), { pts: 3_000_000_000, qts: 0, date: 1700000000, seq: 0 })
    assert.equal((await verifySession(bytes)).userId, String(2n ** 40n + 1n))
  })

  it('refuses damaged ones', async () => {
    const schema = `create table mtcute_migrations (repo, version); create table key_value (key, value);
      create table auth_keys (dc integer, key blob); insert into auth_keys values (4, zeroblob(256));`
    await assert.rejects(inspectSession(await database(schema)), { code: 'session.no_dc' })
    for (const value of [`x'02'`, `x'0302000101'`, `x'020200ff'`])
      await assert.rejects(
        inspectSession(await database(`${schema} insert into key_value values ('dc_main', ${value});`)),
        { code: 'session.bad_row' },
      )
  })
})

describe('StoreSession folders', () => {
  const folder = temporaryFolder()
  const met = {
    users: [
      new Api.User({
        id: bigInt(777),
        accessHash: bigInt(HASH),
        username: 'Durov',
        phone: '15551234',
        firstName: 'P',
      }),
    ],
    chats: [
      new Api.Channel({
        id: bigInt(5),
        accessHash: bigInt(7),
        title: 'News',
        photo: new Api.ChatPhotoEmpty(),
        date: 0,
      }),
      new Api.Chat({
        id: bigInt(99),
        title: 'Group',
        photo: new Api.ChatPhotoEmpty(),
        participantsCount: 1,
        date: 0,
        version: 1,
      }),
    ],
  }

  /** Both libraries make the folder below the working directory. */
  async function inFolder<T>(make: () => Promise<T>): Promise<T> {
    const before = process.cwd()
    process.chdir(folder)
    try {
      return await make()
    } finally {
      process.chdir(before)
    }
  }

  it('of GramJS are read with their peers, whose ids it writes its own way', async () => {
    await inFolder(async () => {
      const theirs = new StoreSession('gram')
      theirs.setDC(4, '149.154.167.91', 443)
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      theirs.authKey = key
      theirs.processEntities(met)
    })
    const session = await readStoreSession(path.join(folder, 'gram'))
    assert.deepEqual([session.dcId, session.serverAddress, session.port], [4, '149.154.167.91', 443])
    assert.deepEqual(session.authKey, KEY)
    const core = await opened(await convertToFile(session))
    assert.deepEqual(core.findByText('durov'), {
      id: 777n,
      hash: HASH,
      username: 'durov',
      phone: 15551234n,
      name: 'P',
    })
    assert.deepEqual(core.findByText('News')?.id, -1000000000005n)
    assert.deepEqual(core.findByText('Group')?.id, -99n)
  })

  it('of teleproto are read with the keys of other data centres', async () => {
    await inFolder(async () => {
      const theirs = new ProtoStoreSession('proto', '#')
      const key = new ProtoAuthKey()
      await key.setKey(Buffer.from(KEY))
      const other = new ProtoAuthKey()
      await other.setKey(Buffer.from(OTHER_KEY))
      theirs.setDC(2, '149.154.167.41', 443)
      theirs.authKey = key
      theirs.setAuthKey(other, 4)
      theirs.testServers = false
    })
    const session = await readStoreSession(path.join(folder, 'proto'))
    assert.deepEqual([session.dcId, session.serverAddress, session.testMode], [2, '149.154.167.41', false])
    assert.deepEqual([session.authKey, session.otherKeys], [KEY, new Map([[4, OTHER_KEY]])])
  })

  it('with a damaged peer are read without it, and say so', async () => {
    await inFolder(async () => new StoreSession('hurt').processEntities(met))
    const hurt = path.join(folder, 'hurt')
    const file = readdirSync(hurt).find((name) => name.endsWith('777')) ?? ''
    writeFileSync(path.join(hurt, file), '["777", "1')
    writeFileSync(path.join(hurt, file.replace('777', 'dcId')), '2')
    const session = await readStoreSession(hurt)
    assert.deepEqual([session.entities.length, session.notes], [2, ['1 peer is left out: damaged files']])
  })

  it('are told from other folders, and from damaged ones', async () => {
    const make = (name: string, files: Record<string, string>): string => {
      mkdirSync(path.join(folder, name))
      for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, name, file), text)
      return path.join(folder, name)
    }
    const refused = {
      'session.is_directory': make('plain', { 'a.session': 'x', '%': 'x' }),
      'session.bad_store': make('bad', { 'x%3AdcId': '2', 'x%3AauthKey': '{"type":"Buffer","data":[1,2]}' }),
      'session.ambiguous': make('two', { 'x%3AdcId': '2', 'y%3AdcId': '2' }),
    }
    for (const [code, name] of Object.entries(refused))
      await assert.rejects(readStoreSession(name), { code, exitCode: 65 })
    await assert.rejects(readStoreSession(make('cut', { 'x%3AdcId': '2', 'x%3Aport': '{' })), {
      code: 'session.bad_store',
    })
    await assert.rejects(readStoreSession(path.join(folder, 'none')), { code: 'session.not_found' })
  })
})
