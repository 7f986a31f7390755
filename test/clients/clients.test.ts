import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Api, TelegramClient } from 'telegram'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { addServerKey, clientOptions, connectClient, SqlSessionContainer } from '../../src/gramjs.ts'
import { inspectSession } from '../../src/index.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, startDc } from '../support/rig.ts'
import { KEY, type OwnDatabase, POSTGRES } from '../container/databases.ts'
import { until } from '../support/until.ts'

const IDS = ['one', 'two', 'three']

/** Opens the session and connects a client with it, which its container disconnects when it is closed. */
async function use(container: SqlSessionContainer, id: string, onWaiting?: () => void): Promise<void> {
  const opened = await container.open(id, { onWaiting })
  const client = new TelegramClient(opened.session, API_ID, API_HASH, clientOptions(opened.session))
  opened.attach(client)
  await connectClient(client)
  const [me] = await client.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }))
  assert.equal(String(me?.id), String(ACCOUNT.userId))
}

describe('attach', { skip: POSTGRES.skip }, () => {
  it('takes a client, and nothing else', async () => {
    const database = await POSTGRES.make()
    const container = new SqlSessionContainer(database.url, { key: KEY })
    const opened = await container.open('alice')
    for (const none of [() => undefined, {}, null, 'client', opened.session])
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as JavaScript may call it
      assert.throws(() => opened.attach(none as unknown as TelegramClient), TypeError)
    await opened.close()
    const late = new TelegramClient(opened.session, API_ID, API_HASH, clientOptions(opened.session))
    assert.throws(() => opened.attach(late), { code: 'session.closed' })
    await container.close()
    await database.drop()
  })

  it('has the auth key of a container marked dead when Telegram refuses it', async () => {
    const own = await startDc()
    addServerKey(own.publicKeyPem)
    const database = await POSTGRES.make()
    const container = new SqlSessionContainer(database.url, { key: KEY })
    const bytes = await makeSession(own)
    await container.copySession(bytes, 'alice')
    const told: string[] = []
    const opened = await container.open('alice', { report: (event) => told.push(event) })
    const client = new TelegramClient(opened.session, API_ID, API_HASH, clientOptions(opened.session))
    opened.attach(client)
    await connectClient(client)
    own.revoke((await inspectSession(bytes)).keyFingerprint ?? '')
    await assert.rejects(client.invoke(new Api.updates.GetState()))
    await until(() => opened.signal.aborted, 'the signal')
    await opened.close()
    assert.deepEqual(told, ['key.dead', 'lease.released'])
    assert.equal((await container.describeSession('alice'))?.dead, 'revoked')
    await assert.rejects(container.open('alice'), { code: 'session.dead' })
    await assert.rejects(container.copySession(bytes, 'alice', { replace: true }), {
      code: 'session.dead_key',
    })
    await container.close()
    await database.drop()
    await own.close()
  })
})

describe('clients on sessions of one container', { skip: POSTGRES.skip }, () => {
  let dc: FakeDc
  let database: OwnDatabase
  before(async () => {
    dc = await startDc()
    database = await POSTGRES.make()
  })
  after(async () => {
    await dc.close()
    await database.drop()
  })

  it('are handed from one instance to the next, all at once, without a duplicate', async () => {
    const options = { key: KEY }
    const first = new SqlSessionContainer(database.url, { ...options, label: 'first' })
    for (const id of IDS) await first.copySession(await makeSession(dc), id)
    const { logins } = dc.stats()
    await Promise.all(IDS.map((id) => use(first, id)))
    const second = new SqlSessionContainer(database.url, { ...options, label: 'second' })
    let waiting = 0
    const next = Promise.all(IDS.map((id) => use(second, id, () => void (waiting += 1))))
    await until(() => waiting === IDS.length)
    await first.close()
    await next
    const stats = dc.stats()
    assert.deepEqual([stats.duplicates, stats.logins], [0, logins])
    assert.equal(stats.keys.filter(({ open }) => open > 0).length, IDS.length)
    await second.close()
    assert.ok(
      dc.stats().keys.every(({ open }) => open === 0),
      'close() has disconnected every attached client',
    )
    assert.ok(dc.stats().keys.every(({ state }) => state !== 'duplicated'))
  })
})
