import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { TelegramClient } from 'teleproto'
import { NewMessage, type NewMessageEvent } from 'teleproto/events/index.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { clientOptions, connectClient, openSession, type OpenSession } from '../../../src/teleproto.ts'
import { addServerKey } from '../../../src/teleproto.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, openTestReplica, startDc } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { until } from '../../support/until.ts'
import { steadyClock } from '../../support/steady-clock.ts'

describe('openSession for teleproto', () => {
  let dc: FakeDc
  const store = new ScriptedStore()
  const opened: OpenSession[] = []

  before(async () => {
    dc = await startDc([])
    addServerKey(dc.publicKeyPem)
    await openTestReplica(store, 'ci').push(await makeSession(dc))
  })
  afterEach(async () => {
    store.broken = undefined
    await Promise.allSettled(opened.splice(0).map((one) => one.close()))
  })
  after(() => dc.close())

  const sockets = (): number => dc.stats().keys.reduce((sum, key) => sum + key.open, 0)

  async function listen(heard: string[]): Promise<OpenSession> {
    const one = await openSession(openTestReplica(store), { quietMs: 50, clock: steadyClock })
    opened.push(one)
    const client = new TelegramClient(one.session, API_ID, API_HASH, clientOptions(one.session))
    const updates = one.track(client, { catchUp: true })
    await connectClient(client)
    client.addEventHandler(
      ({ message }: NewMessageEvent) => void heard.push(message.message),
      new NewMessage({}),
    )
    await updates.start()
    return one
  }

  it('hands over what arrived while nothing ran, once, and disconnects before it releases', async () => {
    const heard: string[] = []
    const first = await listen(heard)
    dc.sendMessage(ACCOUNT.userId, 'while it runs')
    await until(() => heard.length === 1, 'the first message')
    let openAtRelease = -1
    store.broken = (_key, method) => {
      if (method === 'put') openAtRelease = sockets()
      return false
    }
    await first.close()
    assert.equal(openAtRelease, 0)
    dc.sendMessage(ACCOUNT.userId, 'while nothing runs')
    await (await listen(heard)).close()
    await (await listen(heard)).close()
    assert.deepEqual(heard, ['while it runs', 'while nothing runs'])
    assert.deepEqual([dc.stats().logins, dc.stats().duplicates], [1, 0])
  })

  it('sends nothing once the lease is gone', async () => {
    const one = await listen([])
    const lost = new Promise((resolve) => {
      one.signal.addEventListener('abort', resolve, { once: true })
    })
    store.broken = () => true
    await lost
    await until(() => sockets() === 0, 'the socket to close')
    await assert.rejects(one.close(), { exitCode: 75 })
  })
})
