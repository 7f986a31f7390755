import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReplica } from '../../../src/config/open-replica.ts'
import { readSettings } from '../../../src/config/settings.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { guardSends } from '../../../src/telegram/client/send-guard.ts'
import { API_HASH, API_ID, makeSession, startDc } from '../../support/rig.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { GRAMJS, LIBRARIES } from '../../support/telegram/libraries.ts'
import { until } from '../../support/until.ts'

describe('a client whose lease has run out', () => {
  for (const library of LIBRARIES)
    it(`writes nothing more with ${library.name}, on the connection that it has`, async () => {
      await using dc = await startDc()
      library.addServerKey(dc.publicKeyPem)
      const session = await library.SQLiteSession.fromBytes(await makeSession(dc))
      const client = new library.TelegramClient(session, API_ID, API_HASH, library.clientOptions(session))
      let mayStill = true
      assert.equal(
        guardSends(client, () => mayStill),
        true,
      )
      await connectClient(client)
      await client.getMe()
      const requests = (): number => dc.stats().keys.reduce((sum, key) => sum + key.requests, 0)
      const sent = requests()
      mayStill = false
      void client.getMe().catch(() => undefined)
      await sleep(300)
      assert.equal(requests(), sent)
      await disconnectClient(client)
    })

  it('cannot be guarded where it was made without clientOptions', async () => {
    const client = new GRAMJS.TelegramClient(new GRAMJS.SQLiteSession(), API_ID, API_HASH, {})
    assert.equal(
      guardSends(client, () => true),
      false,
    )
    await client.destroy()
  })
})

interface Scene {
  dc: FakeDc
  replica: Replica
  start: (more?: NodeJS.ProcessEnv) => Promise<ChildProcess>
  requests: () => number
}

async function scene(test: TestContext): Promise<Scene> {
  const dc = await startDc()
  test.after(() => dc.close())
  const env = {
    ...process.env,
    TGSESSION_STORE: `file:${temporaryFolder()}`,
    TGSESSION_LEASE_TTL: '4s',
  }
  const replica = await openReplica(await readSettings(env, { store: true }))
  await replica.push(await makeSession(dc))
  const start = async (more: NodeJS.ProcessEnv = {}): Promise<ChildProcess> => {
    const program = path.join(import.meta.dirname, '../programs', 'insist.ts')
    const child = spawn(process.execPath, [program], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    test.after(() => child.kill('SIGKILL'))
    let isConnected = false
    createInterface({ input: child.stdout }).on('line', () => (isConnected = true))
    await until(() => isConnected, 'the connection')
    return child
  }
  const requests = (): number => dc.stats().keys.reduce((sum, key) => sum + key.requests, 0)
  return { dc, replica, start, requests }
}

describe('openSession in a process that is frozen', { concurrency: true }, () => {
  it('sends nothing on the connection that it still has when it wakes up', async (test) => {
    const { replica, start, requests } = await scene(test)
    const frozen = await start({ LONG_LINE: '1' })
    frozen.kill('SIGSTOP')
    // What the server has received by then, it may still work off.
    const lease = await replica.lease()
    const received = requests()
    frozen.kill('SIGCONT')
    await sleep(700)
    assert.equal(requests(), received)
    await lease.release()
  })

  it('is hung up on in time, and never gets in the way of the one who has taken over', async (test) => {
    const { dc, replica, start } = await scene(test)
    const frozen = await start()
    frozen.kill('SIGSTOP')
    // Its pings have told Telegram to hang up before that. When it wakes up it finds so, and would connect again.
    await start()
    assert.equal((await replica.status()).generation, 2, 'the second has taken over')
    frozen.kill('SIGCONT')
    await sleep(700)
    assert.equal(dc.stats().duplicates, 0)
    assert.equal(
      dc.stats().keys.reduce((sum, { open }) => sum + open, 0),
      1,
    )
  })
})
