import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import type { Clock } from '../../../src/base/clock.ts'
import { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import type { FakeDcOptions } from '../../../src/fake-dc/fake-dc.ts'
import type { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { disconnectClient } from '../../../src/telegram/client/disconnect.ts'
import { allClosed, authorisedSession, cleanUp, clientFor, TOKEN } from '../../support/telegram/clients.ts'
import { begin, BOT, CHANNEL, start, visit } from '../../support/telegram/followers.ts'
import { LIBRARIES } from '../../support/telegram/libraries.ts'
import { until } from '../../support/until.ts'

const numbers = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => `m${index + from}`)

for (const library of LIBRARIES)
  describe(`${library.name}: what happened while no client ran`, () => {
    let dc: FakeDc
    let session: SQLiteSession
    const open = async (options: FakeDcOptions = {}): Promise<void> => {
      dc = await FakeDc.start({ bots: [{ token: TOKEN }], channels: [CHANNEL], ...options })
      session = await authorisedSession(dc, library)
    }
    const send = (texts: string[]): void => {
      for (const text of texts) dc.sendMessage(BOT, text)
    }
    beforeEach(() => open())
    afterEach(async () => {
      await cleanUp()
      await dc.close()
    })

    it('reaches the handlers after the next start, once', async () => {
      send(['before the first run'])
      await visit(dc, session)
      send(numbers(3))
      const run = await start(session)
      assert.deepEqual(run.seen, numbers(3))
      assert.equal(run.fetched, 3)
      dc.sendMessage(BOT, 'live')
      await until(() => run.seen.length > 3)
      assert.deepEqual(run.seen, [...numbers(3), 'live'])
      await run.stop()
      await allClosed(dc)
      const again = await start(session)
      assert.deepEqual(again.seen, [])
      assert.deepEqual([again.missed, again.errors], [[], []])
      await again.stop()
    })

    it('comes in slices, in order', async () => {
      await dc.close()
      await open({ differenceSlice: 2 })
      await visit(dc, session)
      send(numbers(7))
      const run = await start(session)
      assert.deepEqual(run.seen, numbers(7))
      await run.stop()
    })

    it('comes from channels too, in slices, beside the account', async () => {
      await dc.close()
      await open({ differenceSlice: 2 })
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      assert.deepEqual(session.getUpdateState(CHANNEL.channelId)?.pts, 2)

      for (const text of numbers(5)) dc.post(CHANNEL.channelId, text)
      dc.sendMessage(BOT, 'private')
      const run = await start(session)
      assert.deepEqual(
        run.seen.filter((text) => text !== 'private'),
        numbers(5),
      )
      assert.equal(run.seen.filter((text) => text === 'private').length, 1)
      assert.equal(run.seen.length, 6)
      dc.post(CHANNEL.channelId, 'live again')
      await until(() => run.seen.length === 7)
      await run.stop()
      await allClosed(dc)
      const again = await start(session)
      assert.deepEqual(again.seen, [])
      await again.stop()
    })

    it('is not lost, doubled or out of order where live updates come in the middle', async () => {
      await dc.close()
      await open({ differenceSlice: 1 })
      await visit(dc, session)
      send(numbers(3))
      const run = await begin(session)
      send(numbers(2, 4))
      const started = run.tracker.start()
      send(numbers(2, 6))
      await until(() => run.seen.length > 0)
      send(numbers(2, 8))
      await started
      await until(() => run.seen.length >= 9)
      send(numbers(1, 10))
      await until(() => run.seen.length >= 10)
      assert.deepEqual(run.seen, numbers(10))
      await run.stop()
    })

    it('is skipped where it is too much, and that is told', async () => {
      await visit(dc, session)
      send(numbers(3))
      const run = await start(session, { limit: 2 })
      assert.deepEqual(
        run.missed.map(({ reason, channelId }) => [reason, channelId]),
        [['too_long', null]],
      )
      dc.sendMessage(BOT, 'live')
      await until(() => run.seen.length > 0)
      assert.deepEqual(run.seen, ['live'])
      await run.stop()
    })

    it('is skipped where a channel has too much, and that is told', async () => {
      await dc.close()
      await open({ differenceLimit: 3 })
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      for (const text of numbers(4)) dc.post(CHANNEL.channelId, text)
      const run = await start(session)
      assert.deepEqual(
        run.missed.map(({ reason, channelId }) => [reason, channelId]),
        [['too_long', CHANNEL.channelId]],
      )
      dc.post(CHANNEL.channelId, 'live')
      await until(() => run.seen.length > 0)
      assert.deepEqual(run.seen, ['live'])
      await run.stop()
      assert.equal(session.getUpdateState(CHANNEL.channelId)?.pts, 7)
    })

    it('is skipped where it is too old, and that is told', async () => {
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      const state = session.getUpdateState(0)
      assert.ok(state)
      const hourAgo = state.date - 3600
      session.setUpdateState(0, { ...state, date: hourAgo })
      send(numbers(3))
      dc.post(CHANNEL.channelId, 'missed too')
      const run = await start(session, { maxAgeMs: 30 * 60_000 })
      assert.deepEqual(run.missed, [{ reason: 'too_old', channelId: null, since: hourAgo * 1000 }])
      dc.post(CHANNEL.channelId, 'live')
      await until(() => run.seen.length > 0)
      assert.deepEqual(run.seen, ['live'])
      await run.stop()
      assert.equal(session.getUpdateState(0)?.pts, 4)
    })

    it('is skipped without catchUp, also for a later run with it', async () => {
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      send(numbers(3))
      dc.post(CHANNEL.channelId, 'missed')
      await visit(dc, session, { catchUp: false })
      const run = await start(session)
      // What came in the second of the visit may be told of once more.
      const missed = run.missed.filter(({ reason }) => reason !== 'not_followed')
      assert.deepEqual([run.seen, missed], [[], []])
      await run.stop()
    })

    it('is told of where it was in a channel that nothing had come from, which is followed from then on', async () => {
      await visit(dc, session)
      dc.post(CHANNEL.channelId, 'not followed yet')
      const run = await start(session)
      assert.deepEqual(run.missed, [{ reason: 'not_followed', channelId: CHANNEL.channelId, since: null }])
      await run.stop()
      await allClosed(dc)
      dc.post(CHANNEL.channelId, 'followed')
      const again = await start(session)
      assert.deepEqual([run.seen, again.seen, again.missed], [[], ['followed'], []])
      await again.stop()
    })

    it('goes on where the one who is told of it throws, and that is reported', async () => {
      await visit(dc, session)
      send(numbers(3))
      const run = await start(session, {
        limit: 2,
        onMissed: ({ reason }) => {
          throw new RangeError(reason)
        },
      })
      assert.deepEqual(run.errors.map(String), ['RangeError: too_long'])
      dc.sendMessage(BOT, 'live')
      await until(() => run.seen.length > 0)
      await run.stop()
      assert.deepEqual(run.seen, ['live'])
    })

    it('drops a channel that has shut the account out', async () => {
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      dc.post(CHANNEL.channelId, 'behind the door')
      dc.makePrivate(CHANNEL.channelId)
      send(['private chat'])
      const run = await start(session)
      assert.deepEqual(run.seen, ['private chat'])
      assert.deepEqual(
        run.missed.map(({ reason, channelId }) => [reason, channelId]),
        [['CHANNEL_PRIVATE', CHANNEL.channelId]],
      )
      await run.stop()
      await allClosed(dc)
      const again = await start(session)
      assert.deepEqual([again.seen, again.missed], [[], []])
      await again.stop()
    })

    it('comes after a flood has passed and the server is well again', async () => {
      await visit(dc, session)
      send(numbers(2))
      const run = await begin(session)
      run.client.floodSleepThreshold = 0
      dc.fail('updates.getDifference', { code: 420, message: 'FLOOD_WAIT_1' })
      await run.tracker.start()
      assert.deepEqual(run.seen, numbers(2))
      assert.deepEqual([run.missed, run.errors], [[], []])
      await run.stop()
    })

    it('is skipped where Telegram does not know the place any more', async () => {
      await visit(dc, session)
      const state = session.getUpdateState(0)
      assert.ok(state)
      session.setUpdateState(0, { ...state, pts: 99 })
      const run = await start(session)
      assert.deepEqual(
        run.missed.map(({ reason }) => reason),
        ['PERSISTENT_TIMESTAMP_INVALID'],
      )
      dc.sendMessage(BOT, 'live')
      await until(() => run.seen.length > 0)
      await run.stop()
      assert.equal(session.getUpdateState(0)?.pts, 2)
    })

    it('says so when the key is dead, and leaves the place as it was', async () => {
      await visit(dc, session)
      const before = session.getUpdateState(0)
      const run = await begin(session)
      dc.revoke(dc.stats().keys.at(-1)?.keyId ?? '')
      await assert.rejects(run.tracker.start(), { code: 'telegram.key_revoked' })
      assert.equal(run.errors.length, 1)
      await run.stop()
      assert.deepEqual(session.getUpdateState(0), before)
    })

    it('is skipped where only a channel was followed, which begins anew', async () => {
      const first = await start(session)
      dc.post(CHANNEL.channelId, 'seen live')
      await until(() => first.seen.length === 1)
      await first.stop()
      await allClosed(dc)
      session.setUpdateState(0, { pts: 0, qts: 0, date: 0, seq: 0 })
      dc.post(CHANNEL.channelId, 'missed')
      const run = await start(session)
      dc.post(CHANNEL.channelId, 'live')
      await until(() => run.seen.length > 0)
      assert.deepEqual(run.seen, ['live'])
      await run.stop()
    })

    it('is not waited for once the client is gone', async () => {
      const client = clientFor(session)
      const tracker = library.trackUpdates(client, session)
      const started = assert.rejects(tracker.start(), { code: 'telegram.tracker_stopped' })
      await connectClient(client)
      await disconnectClient(client)
      await started
    })

    it('is not asked for after a stop', async () => {
      const run = await begin(session)
      await run.tracker.stop()
      await assert.rejects(run.tracker.start(), { code: 'telegram.tracker_stopped' })
      await disconnectClient(run.client)
    })
  })

for (const library of LIBRARIES)
  describe(`${library.name}: while a client runs`, () => {
    let dc: FakeDc
    let session: SQLiteSession
    let requests: string[]
    const asked = (): number => requests.filter((method) => method === 'updates.getDifference').length
    beforeEach(async () => {
      requests = []
      dc = await FakeDc.start({
        bots: [{ token: TOKEN }],
        channels: [CHANNEL],
        onEvent: ({ method }) => method !== undefined && requests.push(method),
      })
      session = await authorisedSession(dc, library)
    })
    afterEach(async () => {
      await cleanUp()
      await dc.close()
    })

    it('fetches what got lost on its way, before what came after it', async () => {
      const run = await start(session)
      dc.sendMessage(BOT, 'm1')
      dc.loseUpdates(2)
      for (const text of numbers(3, 2)) dc.sendMessage(BOT, text)
      await until(() => run.seen.length === 4)
      dc.post(CHANNEL.channelId, 'm5')
      await until(() => run.seen.length === 5)
      dc.loseUpdates(1)
      dc.post(CHANNEL.channelId, 'm6')
      dc.post(CHANNEL.channelId, 'm7')
      await until(() => run.seen.length >= 7)
      assert.deepEqual(run.seen, numbers(7))
      dc.loseUpdates(1)
      dc.post(CHANNEL.channelId, 'm8')
      dc.hintAt(CHANNEL.channelId)
      await until(() => run.seen.length >= 8)
      assert.deepEqual(run.seen, numbers(8))
      assert.deepEqual([run.missed, run.errors], [[], []])
      await run.stop()
    })

    it('waits a moment before it asks for what is missing', async () => {
      const { promise: moment, resolve: pass } = Promise.withResolvers<void>()
      const sleep: Clock['sleep'] = (ms, signal) => (ms === 500 ? moment : systemClock.sleep(ms, signal))
      const run = await start(session, { gapMs: 500, clock: { ...systemClock, sleep } })
      dc.loseUpdates(1)
      for (const text of numbers(2)) dc.sendMessage(BOT, text)
      await run.client.invoke(new library.Api.updates.GetState())
      assert.deepEqual([asked(), run.seen], [0, []])
      pass()
      await until(() => run.seen.length === 2)
      assert.deepEqual([asked(), run.seen], [1, numbers(2)])
      await run.stop()
    })

    it('asks when the account is silent', async () => {
      const run = await start(session, { idleMs: 100 })
      dc.loseUpdates(1)
      dc.sendMessage(BOT, 'nobody said so')
      await until(() => run.seen.length === 1)
      await run.stop()
    })

    it('fetches what came while the connection was broken', async () => {
      const run = await start(session)
      dc.post(CHANNEL.channelId, 'm1')
      await until(() => run.seen.length === 1)
      dc.killConnections()
      for (const text of numbers(3, 2)) dc.sendMessage(BOT, text)
      dc.post(CHANNEL.channelId, 'm5')
      await until(() => run.seen.length >= 5)
      dc.sendMessage(BOT, 'm6')
      await until(() => run.seen.length >= 6)
      assert.deepEqual(run.seen, numbers(6))
      await run.stop()
    })

    it('counts what the client itself sends, and hands it to nobody', async () => {
      const run = await start(session)
      await run.client.sendMessage('me', { message: 'my own' })
      dc.sendMessage(BOT, 'from the phone')
      await until(() => run.seen.length === 1)
      await run.stop()
      await allClosed(dc)
      assert.equal(session.getUpdateState(0)?.pts, 3)
      const again = await start(session)
      assert.deepEqual([run.seen, again.seen], [['from the phone'], []])
      await again.stop()
    })

    it('remembers an update only when its handlers, and all before, are done', async () => {
      const { promise: gate, resolve: openGate } = Promise.withResolvers<void>()
      const run = await start(session, {}, (event) => (event.message.message === 'm1' ? gate : undefined))
      for (const text of numbers(2)) dc.sendMessage(BOT, text)
      await until(() => run.seen.length === 2)
      assert.equal(session.getUpdateState(0)?.pts, 1)
      openGate()
      await until(() => session.getUpdateState(0)?.pts === 3)
      await run.stop()
    })

    it('takes a handler that throws for done', async () => {
      const run = await start(session, {}, () => {
        throw new Error('a bug in the bot')
      })
      dc.sendMessage(BOT, 'm1')
      await until(() => session.getUpdateState(0)?.pts === 2)
      assert.deepEqual(run.seen, ['m1'])
      await run.stop()
    })

    it('lets a handler wait for the next update', async () => {
      const answer = Promise.withResolvers<string>()
      const run = await start(session, {}, async (event) => {
        if (event.message.message === 'question') run.seen.push(`got ${await answer.promise}`)
        else answer.resolve(event.message.message)
      })
      dc.sendMessage(BOT, 'question')
      dc.sendMessage(BOT, 'answer')
      await until(() => run.seen.length === 3)
      assert.deepEqual(run.seen, ['question', 'answer', 'got answer'])
      await run.stop()
    })
  })
