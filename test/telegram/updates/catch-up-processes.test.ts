import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, describe, it } from 'node:test'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { allClosed, authorisedSession, TOKEN } from '../../support/telegram/clients.ts'
import { BOT, CHANNEL } from '../../support/telegram/followers.ts'
import { LIBRARIES } from '../../support/telegram/libraries.ts'
import { until } from '../../support/until.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface Bot {
  said: string[]
  kill(): Promise<void>
  stop(): Promise<number>
}

for (const library of LIBRARIES)
  describe(`a bot on ${library.name} that is stopped and killed`, () => {
    let dc: FakeDc
    const folder = temporaryFolder()
    let file: string
    const bots: Bot[] = []

    async function bot(ending = 'stop'): Promise<Bot> {
      const pem64 = Buffer.from(dc.publicKeyPem).toString('base64')
      const child = spawn(
        process.execPath,
        [
          path.join(import.meta.dirname, '../../support/telegram/follow.ts'),
          file,
          pem64,
          ending,
          library.name,
        ],
        {
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      )
      const said: string[] = []
      createInterface(child.stdout).on('line', (line) => said.push(line))
      const ended = once(child, 'close')
      const running: Bot = {
        said,
        kill: async () => {
          child.kill('SIGKILL')
          await ended
        },
        stop: async () => {
          child.stdin.end()
          const [code] = await ended
          return code
        },
      }
      bots.push(running)
      await until(() => said.includes('started'))
      return running
    }

    before(async () => {
      dc = await FakeDc.start({ bots: [{ token: TOKEN }], channels: [CHANNEL] })
      file = path.join(folder, 'bot.session')
      await writeFile(file, await (await authorisedSession(dc, library)).toBytes())
    })
    afterEach(async () => {
      await Promise.all(bots.splice(0).map((each) => each.kill()))
    })
    after(async () => {
      await dc.close()
    })

    it('gets everything at least once after a kill, and exactly once after a clean stop', async () => {
      const first = await bot()
      dc.sendMessage(BOT, 'one')
      dc.post(CHANNEL.channelId, 'post one')
      await until(() => first.said.includes('one') && first.said.includes('post one'))
      assert.equal(await first.stop(), 0)
      await allClosed(dc)

      dc.sendMessage(BOT, 'two')
      dc.post(CHANNEL.channelId, 'post two')
      const second = await bot()
      assert.deepEqual(second.said.toSorted(), ['post two', 'started', 'two'])
      dc.sendMessage(BOT, 'hang')
      dc.sendMessage(BOT, 'after it')
      await until(() => second.said.includes('after it'))
      await second.kill()
      await allClosed(dc)

      dc.sendMessage(BOT, 'three')
      const third = await bot()
      // Whether the kill was faster than the save of what came before it, nobody knows.
      const again = third.said.filter((text) => text !== 'two' && text !== 'post two')
      assert.deepEqual(again, ['hang', 'after it', 'three', 'started'])
      assert.equal(await third.stop(), 0)
      await allClosed(dc)

      dc.sendMessage(BOT, 'four')
      const fourth = await bot()
      assert.deepEqual(fourth.said, ['four', 'started'])
      assert.equal(await fourth.stop(), 0)
    })

    it('ends by itself when it is disconnected, though nobody stopped the tracker', async () => {
      const leaving = await bot('leave')
      assert.equal(await leaving.stop(), 0)
      assert.equal(leaving.said.at(-1), 'held by nothing')
    })
  })
