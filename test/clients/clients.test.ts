import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Api, TelegramClient } from 'telegram'
import { SqlSessionContainer } from '../../src/container.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { clientOptions, connectClient, disconnectClient } from '../../src/index.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, startDc } from '../support/rig.ts'
import { KEY, type OwnDatabase, POSTGRES } from '../container/databases.ts'
import { until } from '../support/until.ts'

const IDS = ['one', 'two', 'three']

/** Opens the session and connects a client with it, which its container disconnects when it is closed. */
async function use(container: SqlSessionContainer, id: string, onWaiting?: () => void): Promise<void> {
  const opened = await container.open(id, { onWaiting })
  const client = new TelegramClient(opened.session, API_ID, API_HASH, clientOptions(opened.session))
  opened.attach(() => disconnectClient(client))
  await connectClient(client)
  const [me] = await client.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }))
  assert.equal(String(me?.id), String(ACCOUNT.userId))
}

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
      'every socket is closed',
    )
    assert.ok(dc.stats().keys.every(({ state }) => state !== 'duplicated'))
  })
})
