import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { trackUpdates } from '../../src/clients/gramjs/track-updates.ts'
import { SQLiteSession } from '../../src/clients/gramjs/sqlite-session.ts'
import { connectClient } from '../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../src/telegram/client/disconnect.ts'
import { cleanUp, clientFor, sessionFor } from '../support/telegram/clients.ts'
import { CLOSED_PORT } from '../support/free-port.ts'
import { Setting } from '../replica/support/setting.ts'
import { sessionBytes } from '../replica/support/sessions.ts'

/** As JavaScript may call it: each would make a wait that ends at once, or never. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JavaScript has no types
const NO_NUMBERS = [Number.NaN, -1, '30s', null] as unknown as number[]
/** Longer than a timer of Node lasts. */
const NO_TIMES = [...NO_NUMBERS, Infinity, 2 ** 31]
const refused = { code: 'option.not_a_number', exitCode: 78 }

describe('the numbers that the library takes', () => {
  afterEach(cleanUp)

  it('are checked before a client connects, disconnects or follows updates', async () => {
    const session = await sessionFor({ host: '127.0.0.1', port: CLOSED_PORT })
    const client = clientFor(session)
    for (const timeoutMs of NO_TIMES) {
      await assert.rejects(connectClient(client, { timeoutMs }), refused)
      await assert.rejects(disconnectClient(client, { timeoutMs }), refused)
      for (const name of ['timeoutMs', 'gapMs', 'idleMs', 'handlerMs'])
        assert.throws(() => trackUpdates(client, session, { [name]: timeoutMs }), refused, name)
    }
    for (const value of NO_NUMBERS)
      for (const name of ['maxAgeMs', 'limit'])
        assert.throws(() => trackUpdates(client, session, { [name]: value }), refused, name)
    const updates = trackUpdates(client, session, { maxAgeMs: Infinity, limit: Infinity })
    await assert.rejects(updates.stop({ timeoutMs: Number.NaN }), refused)
    await updates.stop()
    await disconnectClient(client)
  })

  it('are checked before a file is opened', () => {
    for (const saveDelayMs of NO_TIMES) assert.throws(() => new SQLiteSession('', { saveDelayMs }), refused)
  })

  it('are checked before a store is asked, or a lease is released', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    await setting.during(replica.push(await sessionBytes()))
    const lease = await setting.during(replica.lease())
    for (const patienceMs of NO_NUMBERS) {
      await assert.rejects(setting.during(replica.status({ patienceMs })), refused)
      await assert.rejects(setting.during(lease.release({ patienceMs })), refused)
    }
    assert.equal(lease.signal.aborted, false)
    await setting.during(lease.release({ patienceMs: Infinity }))
  })
})
