import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Api, TelegramClient } from 'teleproto'
import { AuthKey } from 'teleproto/crypto/AuthKey.js'
import { Logger, LogLevel } from 'teleproto/extensions/Logger.js'
import { MemorySession } from 'teleproto/sessions/index.js'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { logIn } from '../../src/login/login.ts'
import type { LoggedIn } from '../../src/login/login.ts'
import { SQLiteSession } from '../../src/clients/gramjs/sqlite-session.ts'
import { missing, PYTHON } from '../support/requires.ts'
import { ANN, API_HASH, Notes, optionsFor, Person } from './people.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const TELETHON = `
import asyncio, sys
from telethon import TelegramClient

async def main():
    client = TelegramClient(sys.argv[1], 12345, '${API_HASH}', connection_retries=1, timeout=10)
    await client.connect()
    print(await client.is_user_authorized(), (await client.get_me()).id)
    await client.disconnect()

asyncio.run(main())
`

describe('a session that we made, in other clients', () => {
  let dc: FakeDc
  let made: LoggedIn
  const folder = temporaryFolder()
  const open = new Set<number>()
  before(async () => {
    dc = await FakeDc.start({
      accounts: [ANN],
      onEvent: ({ type, connectionId }) => {
        if (type === 'connect') open.add(connectionId)
        if (type === 'disconnect') open.delete(connectionId)
      },
    })
    const asker = new Person(ANN.phone, [ANN.code])
    made = await logIn({ kind: 'user', asker }, optionsFor(dc, new Notes()))
    await until(() => open.size === 0)
  })
  after(async () => {
    await dc.close()
  })

  it('is logged in in Telethon', { skip: missing.telethon() }, async () => {
    const file = path.join(folder, 'made.session')
    await writeFile(file, made.session)
    const { stdout } = await promisify(execFile)(PYTHON, ['-c', TELETHON, file])
    assert.equal(stdout.trim(), `True ${made.user.id}`)
    await until(() => open.size === 0)
    assert.deepEqual([dc.stats().duplicates, dc.stats().logins], [0, 1])
  })

  it('is logged in in teleproto', async () => {
    const values = await SQLiteSession.fromBytes(made.session)
    const key = Buffer.from(values.authKeyBytes ?? [])
    // Not a StringSession: saving that throws for every port above 32767.
    const session = new MemorySession()
    session.setDC(values.dcId, values.serverAddress, values.port)
    session.setAuthKey(new AuthKey(key, createHash('sha1').update(key).digest()))
    const client = new TelegramClient(session, 12345, API_HASH, {
      connectionRetries: 1,
      baseLogger: new Logger(LogLevel.NONE),
    })
    try {
      await client.connect()
      const [user] = await client.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }))
      assert.ok(user instanceof Api.User)
      assert.equal(String(user.id), made.user.id)
    } finally {
      await client.destroy()
    }
    await until(() => open.size === 0)
    assert.deepEqual([dc.stats().duplicates, dc.stats().logins], [0, 1])
  })
})
