import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { RefusedError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { type ForkOptions, forkSession } from '../../src/login/fork.ts'
import { logIn } from '../../src/login/login.ts'
import { askAccount, endAccount } from '../../src/login/stored-account.ts'
import { inspectSession, verifySession } from '../../src/session/inspect.ts'
import { until } from '../support/until.ts'
import { ANN, API_HASH, BOB, BOT, Notes, optionsFor, Person } from './people.ts'

const API = { apiId: 12345, apiHash: API_HASH }

describe('a stored session', () => {
  let dc: FakeDc
  let notes: Notes
  const open = new Set<number>()
  const requests: string[] = []
  beforeEach(async () => {
    requests.length = 0
    notes = new Notes()
    dc = await FakeDc.start({
      accounts: [ANN, BOB],
      bots: [BOT],
      onEvent: ({ type, connectionId, method }) => {
        if (type === 'connect') open.add(connectionId)
        if (type === 'disconnect') open.delete(connectionId)
        if (method !== undefined) requests.push(method)
      },
    })
  })
  afterEach(async () => {
    await until(() => open.size === 0)
    assert.equal(dc.stats().duplicates, 0)
    await dc.close()
  })

  const sessionOf = async (who: typeof ANN | typeof BOB): Promise<Uint8Array> => {
    const asker = new Person(who.phone, [who.code], 'password' in who ? [who.password] : [])
    return (await logIn({ kind: 'user', asker }, optionsFor(dc, new Notes()))).session
  }
  const botSession = async (): Promise<Uint8Array> =>
    (await logIn({ kind: 'bot', token: BOT.token }, optionsFor(dc, new Notes()))).session
  const options = (asker = new Person('')): ForkOptions => ({
    ...API,
    asker,
    attempts: notes,
    deviceModel: 'tgsession (laptop)',
    log: () => undefined,
  })

  describe('is forked', () => {
    it('into a second login of the same account, with a key and a device of its own', async () => {
      const first = await sessionOf(ANN)
      const { session, keyFingerprint, user } = await forkSession(first, options())
      const [old, fresh] = [await verifySession(first), await verifySession(session)]
      assert.notEqual(fresh.keyFingerprint, old.keyFingerprint)
      assert.equal(fresh.userId, old.userId)
      assert.deepEqual([user.id, user.name], [old.userId, 'Ann'])
      assert.equal((await inspectSession(session)).port, dc.port)
      const states = dc.stats().keys.map(({ keyId, state }) => [keyId, state])
      assert.ok(states.some(([keyId, state]) => keyId === keyFingerprint && state === 'authorised'))
      assert.ok(states.some(([keyId, state]) => keyId === old.keyFingerprint && state === 'authorised'))
      assert.deepEqual(notes.lines, ['begin'])
      assert.deepEqual(notes.sends, [ANN.phone])
      assert.ok(!requests.slice(requests.indexOf('auth.acceptLoginToken')).includes('auth.sendCode'))
      const [seen, other] = [await askAccount(session, API), await askAccount(first, API)]
      assert.ok(seen.state === 'alive' && other.state === 'alive')
      assert.deepEqual([seen.others, other.others], [1, 1])
      assert.equal(seen.device?.app, 'App 12345')
    })

    it('with the password of two-step verification', async () => {
      const asker = new Person('', [], ['wrong', BOB.password])
      const { user } = await forkSession(await sessionOf(BOB), options(asker))
      assert.equal(user.name, 'Bob')
      assert.equal(asker.asked.length, 2)
    })

    it('not, if it is a bot’s; nothing is left then', async () => {
      await assert.rejects(
        forkSession(await botSession(), options()),
        (error) => error instanceof RefusedError && error.code === 'fork.bot',
      )
      assert.equal(dc.stats().keys.length, 1)
      assert.deepEqual(notes.lines, ['begin', 'failed fork.bot'])
    })

    it('again with another token where one ran out, but not for ever', async () => {
      const first = await sessionOf(ANN)
      dc.fail('auth.acceptLoginToken', { code: 400, message: 'AUTH_TOKEN_EXPIRED' }, 2)
      await forkSession(first, options())
      dc.fail('auth.acceptLoginToken', { code: 400, message: 'AUTH_TOKEN_EXPIRED' }, 3)
      await assert.rejects(forkSession(first, options()), (error) => error instanceof RefusedError)
      assert.equal(dc.stats().logins, 2)
    })

    it('into nothing, where it fails after the accept: the fresh login is ended', async () => {
      const bob = await sessionOf(BOB)
      const asker = new Person('', [], [null])
      await assert.rejects(forkSession(bob, options(asker)), /hung up/)
      const alive = dc.stats().keys.filter(({ state }) => state === 'authorised')
      assert.equal(alive.length, 1)
      assert.deepEqual(notes.lines, ['begin', 'failed login.cancelled'])
      const account = await askAccount(bob, API)
      assert.ok(account.state === 'alive')
      assert.equal(account.others, 0, 'no login is left half done')
    })

    it('not where Telegram asks to wait, which is remembered', async () => {
      const first = await sessionOf(ANN)
      dc.fail('auth.exportLoginToken', { code: 420, message: 'FLOOD_WAIT_600' })
      await assert.rejects(
        forkSession(first, options()),
        (error) => error instanceof RefusedError && error.code === 'login.flood_wait',
      )
      assert.match(notes.lines.join(), /blocked 20/)
    })
  })

  describe('is asked for', () => {
    it('alive: its device, the others, and when it would end unused', async () => {
      const session = await sessionOf(ANN)
      await sessionOf(ANN)
      const account = await askAccount(session, API)
      assert.ok(account.state === 'alive')
      const { bot, device, others, ttlDays, endsUnusedAt, frozenUntil } = account
      assert.deepEqual([bot, device?.model, others, frozenUntil], [false, 'tgsession', 1, null])
      assert.ok(ttlDays !== null && ttlDays > 0)
      const days = (Date.parse(endsUnusedAt ?? '') - Date.now()) / 86_400_000
      assert.ok(Math.abs(days - ttlDays) < 0.1)
    })

    it('alive, if it is a bot’s, without a list that bots do not have', async () => {
      const account = await askAccount(await botSession(), API)
      assert.ok(account.state === 'alive')
      assert.deepEqual([account.bot, account.others], [true, null])
      assert.ok(!requests.includes('account.getAuthorizations'))
    })

    it('ended, and that twice', async () => {
      const session = await sessionOf(ANN)
      assert.equal(await endAccount(session, API), true)
      assert.equal(dc.stats().keys[0]?.state, 'loggedOut')
      assert.equal(await endAccount(session, API), false)
      const account = await askAccount(session, API)
      assert.ok(account.state === 'dead')
    })

    it('not ended, where Telegram did not say so', async () => {
      const session = await sessionOf(ANN)
      dc.fail('auth.logOut', { code: 400, message: 'NOT_NOW' })
      await assert.rejects(endAccount(session, API), RefusedError)
      assert.equal(dc.stats().keys[0]?.state, 'authorised')
    })
  })
})
