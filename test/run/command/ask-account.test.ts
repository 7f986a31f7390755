import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { askAccount } from '../../../src/run/command/ask-account.ts'
import { convertToFile, convertToString } from '../../../src/session/convert.ts'
import { readAnySession } from '../../../src/session/read-session.ts'
import {
  ACCOUNT,
  API_HASH,
  API_ID,
  BOT,
  makeSession,
  openTestReplica,
  Running,
  startDc,
} from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { until } from '../../support/until.ts'

const API = { apiId: API_ID, apiHash: API_HASH }
const DONE = [process.execPath, '-e', '0']

describe('a session that does not tell whose it is', () => {
  let dc: FakeDc

  before(async () => {
    dc = await startDc()
  })
  after(() => dc.close())

  /** A string of GramJS holds the key and the address, and nothing else. */
  const nameless = async (kind: 'user' | 'bot'): Promise<Uint8Array> => {
    const bytes = await convertToFile(
      Buffer.from(await convertToString(await makeSession(dc, kind), 'gramjs')),
    )
    assert.equal((await readAnySession(bytes)).session.userId, undefined)
    return bytes
  }

  for (const [kind, { userId }] of [
    ['user', ACCOUNT],
    ['bot', BOT],
  ] as const) {
    it(`is found out by one question to Telegram: a ${kind}`, async () => {
      const account = await askAccount(await nameless(kind), API, AbortSignal.timeout(60_000))
      assert.deepEqual(account, { userId, isBot: kind === 'bot' })
      await until(() => dc.stats().keys.every(({ open }) => open === 0), 'that it has hung up')
    })

    it(`is served to Kurigram with everything that it needs: a ${kind}`, async () => {
      const store = new ScriptedStore()
      await openTestReplica(store, 'ci').push(await nameless(kind))
      const running = new Running(openTestReplica(store), DONE, {
        family: 'kurigram',
        api: API,
        apiId: API_ID,
      })
      assert.equal(await running.ended, 0, JSON.stringify(running.events))
      const { session } = await readAnySession((await openTestReplica(store).restore()).bytes)
      const { userId: kept, isBot, testMode, apiId, serverAddress, port } = session
      assert.deepEqual(
        { kept, isBot, testMode, apiId, serverAddress, port },
        {
          kept: userId,
          isBot: kind === 'bot',
          testMode: false,
          apiId: API_ID,
          serverAddress: dc.host,
          port: dc.port,
        },
      )
    })
  }

  it('is not changed where Telegram refuses its key', async () => {
    const store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(await nameless('user'))
    const { current } = await openTestReplica(store).status()
    assert.ok(current)
    dc.revoke(current.keyFingerprint)
    const running = new Running(openTestReplica(store), DONE, { family: 'kurigram', api: API, apiId: API_ID })
    await assert.rejects(running.ended)
    assert.equal((await openTestReplica(store).status()).current?.objectKey, current.objectKey)
    assert.equal((await openTestReplica(store).status()).holder, null)
  })
})
