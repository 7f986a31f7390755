import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import bigInt from 'big-integer'
import { Api, TelegramClient } from 'telegram'
import { TelegramClient as ProtoClient } from 'teleproto'
import { sessionFiles } from '../../src/container/transfer/session-files.ts'
import { SqlSessionContainer } from '../../src/clients/gramjs/sql-session-container.ts'
import { SqlSessionContainer as ProtoContainer } from '../../src/clients/teleproto/sql-session-container.ts'
import { BadDataError, ConflictError, NoSessionError } from '../../src/base/errors.ts'
import { convertToString } from '../../src/session/convert.ts'
import { SQLiteSession } from '../../src/clients/gramjs/sqlite-session.ts'
import { SqliteStorage } from '../../src/session/formats/telethon/storage.ts'
import { openTelethonFile } from '../../src/session/formats/telethon/file.ts'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { AUTH_KEY, containers, KEY, type OwnDatabase, SERVERS, SQLITE } from './databases.ts'

async function madeSession(authKey: Uint8Array = AUTH_KEY): Promise<SQLiteSession> {
  const session = new SQLiteSession()
  await session.load()
  session.setDC(2, '149.154.167.51', 443)
  const key = new AuthKey()
  await key.setKey(Buffer.from(authKey))
  session.setAuthKey(key)
  session.takeoutId = -5n
  const user = {
    id: bigInt(777),
    accessHash: bigInt('-7926531234567890123'),
    username: 'Durov',
    firstName: 'Pavel',
  }
  session.processEntities([new Api.User({ ...user, phone: '15551234' })])
  session.setUpdateState(0, { pts: 9, qts: 0, date: 1, seq: 2 })
  session.cacheFile(
    Buffer.alloc(16, 3),
    10 ** 10,
    new Api.InputDocument({ id: bigInt(8), accessHash: bigInt(-9), fileReference: Buffer.alloc(0) }),
  )
  return session
}

for (const { name, skip, make } of SERVERS)
  describe(`sessions into and out of a container on ${name}`, { skip }, () => {
    let database: OwnDatabase
    const container = containers()
    before(async () => {
      database = await make()
    })
    after(async () => database.drop())

    it('go in and come out whole', async () => {
      const own = container(database)
      await own.copySession(await madeSession(), 'whole')
      const rows = new SqliteStorage(await openTelethonFile(await own.exportSession('whole')))
      assert.deepEqual(Uint8Array.from(rows.auth().authKey ?? []), AUTH_KEY)
      assert.equal(rows.auth().takeoutId, -5n)
      const pavel = {
        id: 777n,
        hash: -7926531234567890123n,
        username: 'durov',
        phone: 15551234n,
        name: 'Pavel',
      }
      assert.deepEqual([rows.entity(777n), rows.findEntity('username', 'durov')], [pavel, pavel])
      assert.deepEqual(rows.updateStates(), [[0n, { pts: 9, qts: 0, date: 1, seq: 2 }]])
      assert.deepEqual(rows.sentFile({ md5: Buffer.alloc(16, 3), size: 10 ** 10, kind: 'document' }), {
        id: 8n,
        hash: -9n,
      })
      rows.close()
    })

    it('are not put over another, unless on purpose', async () => {
      const own = container(database)
      const session = await madeSession(randomBytes(256))
      await own.copySession(session, 'once')
      await assert.rejects(
        own.copySession(session, 'once'),
        (error) => error instanceof ConflictError && error.code === 'container.exists',
      )
      await own.copySession(session, 'once', { replace: true })
      await assert.rejects(own.copySession(new Uint8Array([1, 2, 3]), 'never'), BadDataError)
      await assert.rejects(own.exportSession('never'), (error) => error instanceof NoSessionError)
    })

    it('go in and out by the dozen, and say how far it is', async () => {
      const own = container(database, { tablePrefix: 'many_' })
      const sources: [string, Uint8Array | string][] = []
      for (let i = 0; i < 12; i += 1)
        sources.push([`s${i}`, await (await madeSession(randomBytes(256))).toBytes()])
      sources[3] = ['s3', 'no session']
      const text = await convertToString(await (await madeSession(randomBytes(256))).toBytes(), 'telethon')
      sources[4] = ['s4', text]
      const told: string[] = []
      const onProgress = ({
        id,
        done,
        error,
      }: {
        id: string
        done: number
        error?: Error | undefined
      }): void => void told.push(`${id} ${done} ${error?.name ?? 'in'}`)
      const imported = await own.importSessions(sources, { onProgress })
      assert.equal(imported.length, 11)
      assert.deepEqual([told.length, told[3], told[11]], [12, 's3 4 BadDataError', 's11 12 in'])
      assert.deepEqual(await own.listSessions(), imported.toSorted())
      const folder = mkdtempSync(path.join(os.tmpdir(), 'tgsession-out-'))
      const out: string[] = []
      for await (const [id, file] of own.exportSessions()) {
        writeFileSync(path.join(folder, `${id}.session`), file)
        out.push(id)
      }
      assert.deepEqual(out, imported.toSorted())
      const back = await container(database, { tablePrefix: 'back_' }).importSessions(sessionFiles(folder))
      assert.deepEqual(back, out)
      rmSync(folder, { recursive: true })
    })
  })

describe('a session of a container', () => {
  it('is one to GramJS and to teleproto', async () => {
    const database = await SQLITE.make()
    const gram = new SqlSessionContainer(database.url, { key: KEY })
    const proto = new ProtoContainer(database.url, { key: KEY })
    await gram.copySession(await madeSession(), 'both')
    const opened = await gram.open('both')
    const client = new TelegramClient(opened.session, 1, 'hash', {})
    await opened.session.load()
    opened.session.processEntities([
      new Api.Channel({
        id: bigInt(5),
        accessHash: bigInt(6),
        title: 'News',
        photo: new Api.ChatPhotoEmpty(),
        date: 0,
      }),
    ])
    const peer = opened.session.getInputEntity('News')
    assert.ok(peer instanceof Api.InputPeerChannel)
    assert.equal((await client.getInputEntity(777)).className, 'InputPeerUser')
    assert.deepEqual([opened.session.id, opened.session.getAuthKey()?.getKey()?.length], ['both', 256])
    await opened.close()
    const other = await proto.open('both')
    const second = new ProtoClient(other.session, 1, 'hash', {})
    assert.equal((await second.getInputEntity('News')).className, 'InputPeerChannel')
    await other.session.delete()
    // What a client still changes does not bring it back.
    other.session.setDC(3, '149.154.175.100', 443)
    await other.session.flush()
    assert.equal(await gram.hasSession('both'), false)
    assert.deepEqual(await database.run('SELECT * FROM sessions'), [])
    await other.close()
    await gram.close()
    await proto.close()
    await database.drop()
  })
})
