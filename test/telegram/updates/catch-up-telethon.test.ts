import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, describe, it } from 'node:test'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { missing, PYTHON } from '../../support/requires.ts'
import { allClosed, authorisedSession, cleanUp, TOKEN } from '../../support/telegram/clients.ts'
import { until } from '../../support/until.ts'
import { BOT, CHANNEL, start } from '../../support/telegram/followers.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('one file, followed by Telethon and by us in turn', { skip: missing.telethon() }, () => {
  let dc: FakeDc
  const folder = temporaryFolder()
  let file: string

  before(async () => {
    dc = await FakeDc.start({ bots: [{ token: TOKEN }], channels: [CHANNEL] })
    file = path.join(folder, 'bot.session')
    await writeFile(file, await (await authorisedSession(dc)).toBytes())
  })
  afterEach(cleanUp)
  after(async () => {
    await dc.close()
  })

  /** What our client gets: all that it missed, and the live ones. */
  async function ours(live: () => void, count: number): Promise<string[]> {
    const session = new SQLiteSession(file)
    const run = await start(session)
    live()
    await until(() => run.seen.length >= count)
    await run.stop()
    await session.close()
    await allClosed(dc)
    return run.seen.toSorted()
  }

  async function telethons(live: () => void, count: number): Promise<string[]> {
    const child = spawn(
      PYTHON,
      [path.join(import.meta.dirname, '../../support/telegram/telethon_catch_up.py')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    child.stdin.end(JSON.stringify({ file, pem: dc.publicKeyPem, count }))
    const seen: string[] = []
    for await (const line of createInterface(child.stdout)) {
      if (line === '"started"') live()
      else seen.push(JSON.parse(line))
    }
    if (child.exitCode === null) await once(child, 'exit')
    assert.equal(child.exitCode, 0)
    await allClosed(dc)
    return seen.toSorted()
  }

  const happen = (word: string) => (): void => {
    dc.sendMessage(BOT, `${word} message`)
    dc.post(CHANNEL.channelId, `${word} post`)
  }

  it('is handed to one of them each time, and never twice', async () => {
    assert.deepEqual(await ours(happen('a'), 2), ['a message', 'a post'])
    happen('b')()
    assert.deepEqual(await telethons(happen('c'), 4), ['b message', 'b post', 'c message', 'c post'])
    happen('d')()
    assert.deepEqual(await ours(happen('e'), 4), ['d message', 'd post', 'e message', 'e post'])
    assert.deepEqual(await telethons(happen('f'), 2), ['f message', 'f post'])
  })
})
