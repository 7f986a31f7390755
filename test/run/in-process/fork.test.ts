import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { TelegramClient as GramJsClient } from 'telegram'
import { TelegramClient as TeleprotoClient } from 'teleproto'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import * as gramjs from '../../../src/gramjs.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import * as teleproto from '../../../src/teleproto.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, openTestReplica, startDc } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { steadyClock } from '../../support/steady-clock.ts'

type Opened = gramjs.OpenSession | teleproto.OpenSession
const API = { apiId: API_ID, apiHash: API_HASH }
const how = { clock: steadyClock, closeOnSignals: false }

const libraries = {
  gramjs: async (store: ScriptedStore): Promise<Opened> => {
    const opened = await gramjs.openSession(openTestReplica(store), how)
    const options = gramjs.clientOptions(opened.session)
    const client = new GramJsClient(opened.session, API_ID, API_HASH, options)
    opened.attach(client)
    await gramjs.connectClient(client)
    return opened
  },
  teleproto: async (store: ScriptedStore): Promise<Opened> => {
    const opened = await teleproto.openSession(openTestReplica(store), how)
    const options = teleproto.clientOptions(opened.session)
    const client = new TeleprotoClient(opened.session, API_ID, API_HASH, options)
    opened.attach(client)
    await teleproto.connectClient(client)
    return opened
  },
}

for (const [name, open] of Object.entries(libraries))
  describe(`a session that is open in process lets another login in (${name})`, () => {
    let dc: FakeDc
    let store: ScriptedStore
    let opened: Opened | undefined

    before(async () => {
      dc = await startDc()
      gramjs.addServerKey(dc.publicKeyPem)
      teleproto.addServerKey(dc.publicKeyPem)
    })
    after(() => dc.close())
    beforeEach(() => {
      store = new ScriptedStore()
    })
    afterEach(async () => {
      await opened?.close()
      opened = undefined
      assert.equal(dc.stats().duplicates, 0)
    })
    const stored = async (kind: 'user' | 'bot' = 'user'): Promise<Opened> => {
      await openTestReplica(store, 'ci').push(await makeSession(dc, kind))
      return (opened = await open(store))
    }
    const living = (): number => dc.stats().keys.filter(({ state }) => state === 'authorised').length

    it('of the same account, with a key of its own; it goes on itself, and the head counts it', async () => {
      const one = await stored()
      const { logins } = dc.stats()
      const asked: number[] = []
      const { session, keyFingerprint, userId } = await one.fork({
        ...API,
        deviceModel: 'laptop',
        password: async ({ attempt }) => {
          asked.push(attempt)
          return attempt === 1 ? 'not this one' : ACCOUNT.password
        },
      })
      assert.deepEqual(asked, [1, 2])
      const fresh = await verifySession(session)
      assert.deepEqual(
        [fresh.keyFingerprint, fresh.userId, userId],
        [keyFingerprint, userId, String(ACCOUNT.userId)],
      )
      const { current, logins: attempts } = await openTestReplica(store).status()
      assert.notEqual(current?.keyFingerprint, keyFingerprint)
      assert.deepEqual(
        attempts.map(({ outcome }) => outcome),
        ['forked'],
      )
      assert.equal(dc.stats().logins, logins + 1)
      assert.equal(one.signal.aborted, false)
      await openTestReplica(new ScriptedStore()).push(session)
    })

    it('not without the password that it has; then nothing is left at Telegram', async () => {
      const one = await stored()
      const livedBefore = living()
      await assert.rejects(one.fork(API), { code: 'fork.password_needed' })
      assert.equal(living(), livedBefore)
    })

    it('not, if it is a bot’s', async () => {
      await assert.rejects((await stored('bot')).fork(API), { code: 'fork.bot' })
    })

    it('not without a client, nor once it is closed', async () => {
      await openTestReplica(store, 'ci').push(await makeSession(dc))
      opened = await gramjs.openSession(openTestReplica(store), how)
      await assert.rejects(opened.fork(API), { code: 'fork.no_client' })
      await opened.close()
      await assert.rejects(opened.fork(API), { code: 'session.closed' })
    })
  })
