import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspectSession, keyFingerprint, verifySession } from '../../src/session/inspect.ts'
import { database, hex, KEY, OTHER_KEY, SCHEMAS, V7 } from '../fixtures/session/schemas.ts'

const sql = `${V7} insert into entities values (0, 4242, null, null, null, 1), (-1000000000005, 1, null, null, null, 1);
  insert into sent_files values (x'00', 1, 0, 2, 3);
  create table tgsession_auth_keys (dc_id integer primary key, auth_key blob);
  insert into tgsession_auth_keys values (4, x'${hex(OTHER_KEY)}');`

describe('inspecting a session', () => {
  it('tells what is in it', async () => {
    const bytes = await database(sql)
    assert.deepEqual(await inspectSession(bytes), {
      format: 'telethon',
      version: 7,
      dcId: 2,
      serverAddress: '149.154.167.51',
      port: 443,
      loggedIn: true,
      keyFingerprint: createHash('sha1').update(KEY).digest('hex').slice(24),
      userId: '4242',
      entities: 2,
      updateStates: 1,
      sentFiles: 1,
      takeoutId: '99',
      otherKeys: 1,
      withoutRowid: false,
      bytes: bytes.length,
      problems: [],
    })
  })

  it('never tells a key', async () => {
    for (const { sql: schema } of [{ sql }, ...Object.values(SCHEMAS)]) {
      const said = JSON.stringify(await inspectSession(await database(schema)))
      for (const key of [KEY, OTHER_KEY])
        for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
          const secret = Buffer.from(key).toString(encoding)
          for (let at = 0; at + 12 <= secret.length; at += 12)
            assert.ok(!said.includes(secret.slice(at, at + 12)), encoding)
        }
    }
  })

  it('leaves the bytes as they are', async () => {
    const bytes = await database(sql)
    const before = Uint8Array.from(bytes)
    await inspectSession(bytes)
    assert.deepEqual(bytes, before)
  })

  it('verifies what the replica must know', async () => {
    const bytes = await database(sql)
    const found = {
      family: 'telethon',
      keyFingerprint: keyFingerprint(KEY),
      userId: '4242',
      bytes: bytes.length,
    }
    assert.deepEqual(await verifySession(bytes), found)
    assert.equal((await verifySession(await database(V7))).userId, null)
    for (const key of [`x''`, 'null'])
      await assert.rejects(verifySession(await database(`${sql} update sessions set auth_key = ${key};`)), {
        code: 'session.no_key',
        exitCode: 65,
      })
  })
})
