import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { MemoryStorage, type TelegramClient, mtcute } from '../support/dc/mtcute.ts'

const ANN = { phone: '15550001', code: '12345', password: 'hunter2', userId: 71n, firstName: 'Ann' }
const CHANNEL = 777_000_111n

/** Resolves when the client knows where it is in the stream of updates, and has caught up. */
function followed(client: TelegramClient): Promise<void> {
  let isUpdating = false
  return new Promise((resolve) => {
    client.onConnectionState.add((state) => {
      if (state === 'connected' && isUpdating) resolve()
      isUpdating ||= state === 'updating'
    })
  })
}

/** The texts that the client is told of, as they come. */
const listen = (to: TelegramClient, count: number): Promise<string[]> =>
  new Promise((resolve) => {
    const texts: string[] = []
    to.onNewMessage.add(({ text }) => {
      if (texts.push(text) === count) resolve(texts.toSorted())
    })
  })

const login = {
  phone: ANN.phone,
  code: () => Promise.resolve(ANN.code),
  password: ANN.password,
  codeSentCallback: () => {},
}

for (const usePfs of [false, true])
  describe(`mtcute (layer 225), ${usePfs ? 'with temporary keys' : 'with its key alone'}`, () => {
    let dc: FakeDc
    let open: TelegramClient[]

    const client = async (storage?: MemoryStorage): Promise<TelegramClient> => {
      const made = await mtcute(dc, { usePfs, ...(storage && { storage }) })
      open.push(made)
      return made
    }
    beforeEach(async () => {
      open = []
      dc = await FakeDc.start({ accounts: [ANN], channels: [{ channelId: CHANNEL, title: 'News' }] })
    })
    afterEach(async () => {
      for (const each of open) await each.destroy()
      await dc.close()
    })

    it('logs in, writes, receives, and catches up after a pause', async () => {
      const storage = new MemoryStorage()
      const first = await client(storage)
      const ready = followed(first)
      const me = await first.start(login)
      assert.deepEqual([me.id, me.displayName, me.phoneNumber], [71, 'Ann', ANN.phone])
      await ready
      const sent = await first.sendText('me', 'hello')
      assert.deepEqual([sent.id, sent.text, dc.messages(71n).length], [1, 'hello', 1])
      const heard = listen(first, 2)
      dc.sendMessage(71n, 'from the phone')
      dc.post(CHANNEL, 'news')
      assert.deepEqual(await heard, ['from the phone', 'news'])
      await first.destroy()

      dc.sendMessage(71n, 'missed')
      dc.post(CHANNEL, 'missed news')
      const second = await client(storage)
      const caughtUp = listen(second, 2)
      await second.start(login)
      assert.deepEqual(await caughtUp, ['missed', 'missed news'])
      const { logins, duplicates } = dc.stats()
      assert.deepEqual([logins, duplicates], [1, 0])
    })

    it('loses its key to a copy of the session', async () => {
      const first = await client()
      await first.start(login)
      const copy = await client()
      await copy.importSession(await first.exportSession())
      await assert.rejects(copy.getMe(), /AUTH_KEY_DUPLICATED/)
      assert.equal(dc.stats().duplicates, 1)
    })
  })
