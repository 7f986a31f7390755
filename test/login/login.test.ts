import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { RefusedError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { logIn } from '../../src/login/login.ts'
import { inspectSession, verifySession } from '../../src/session/inspect.ts'
import { SQLiteSession } from '../../src/clients/gramjs/sqlite-session.ts'
import { ANN, BOB, BOT, Notes, optionsFor, Person } from './people.ts'
import { until } from '../support/until.ts'

describe('logIn', () => {
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
    await dc.close()
  })

  it('logs a user in, and gives a sound Telethon file of the key that Telegram knows', async () => {
    const asker = new Person('+1 (555) 000-4567', ['24-680'])
    const { session, keyFingerprint, user } = await logIn({ kind: 'user', asker }, optionsFor(dc, notes))
    const [key] = dc.stats().keys
    assert.deepEqual(user, { id: String(key?.userId), name: 'Ann', username: 'ann', bot: false })
    assert.equal(keyFingerprint, key?.keyId)
    assert.equal(key?.state, 'authorised')
    const verified = await verifySession(session)
    assert.equal(verified.keyFingerprint, keyFingerprint)
    assert.equal(verified.userId, user.id)
    const { version, dcId, serverAddress, port } = await inspectSession(session)
    assert.deepEqual(
      { version, dcId, serverAddress, port },
      { version: 7, dcId: dc.dcId, serverAddress: dc.host, port: dc.port },
    )
    const loaded = await SQLiteSession.fromBytes(session)
    assert.equal(loaded.getInputEntity('@ann').className, 'InputPeerUser', 'the own account is known')
    assert.deepEqual(notes.lines, ['begin'])
    assert.deepEqual(asker.told, [])
    const [question] = asker.asked
    assert.ok(question && 'sentTo' in question)
    assert.match(question.sentTo, /Telegram app/)
    assert.equal(question.length, 5)
    assert.equal(question.attempt, 1)
    assert.equal(question.lastError, undefined)
  })

  it('asks again for a wrong code, and for a wrong password', async () => {
    const asker = new Person(BOB.phone, ['00000', '', BOB.code], ['wrong', BOB.password])
    const { user } = await logIn({ kind: 'user', asker }, optionsFor(dc, notes))
    assert.equal(user.name, 'Bob')
    assert.deepEqual(
      asker.asked.map(({ attempt, lastError }) => [attempt, lastError]),
      [
        [1, undefined],
        [2, 'that code was not right'],
        [3, 'that code was not right'],
        [1, undefined],
        [2, 'that password was not right'],
      ],
    )
    assert.equal(dc.stats().logins, 1)
  })

  it('logs a bot in', async () => {
    const { session, user } = await logIn({ kind: 'bot', token: BOT.token }, optionsFor(dc, notes))
    assert.deepEqual(user, { id: '777000', name: 'Robot', username: 'robot', bot: true })
    assert.equal((await verifySession(session)).userId, '777000')
  })

  it('follows the account to its data centre, on the port that Telegram names', async () => {
    dc.fail('auth.sendCode', { code: 303, message: 'PHONE_MIGRATE_2' })
    const options = optionsFor(dc, notes)
    const asker = new Person(ANN.phone, [ANN.code])
    const { session } = await logIn({ kind: 'user', asker }, { ...options, dc: { ...options.dc!, id: 1 } })
    const { dcId, port } = await inspectSession(session)
    assert.deepEqual({ dcId, port }, { dcId: 2, port: dc.port })
    const [abandoned, used] = dc.stats().keys
    assert.deepEqual([abandoned?.state, used?.state], ['fresh', 'authorised'])
  })

  for (const [who, credentials] of [
    ['a user', { kind: 'user', asker: new Person('+15550009999', ['11111']) }],
    ['a bot', { kind: 'bot', token: '4444:AA-token-of-the-bot-elsewhere' }],
  ] as const)
    it(`follows ${who} to the data centre where the account lives`, async () => {
      await using there = await FakeDc.start({
        dcId: 4,
        accounts: [{ phone: '+15550009999', code: '11111', firstName: 'Eve' }],
        bots: [{ token: '4444:AA-token-of-the-bot-elsewhere', firstName: 'Elsewhere' }],
      })
      dc.introduce(there)
      const { session, keyFingerprint } = await logIn(credentials, optionsFor(dc, notes))
      const { dcId, port } = await inspectSession(session)
      assert.deepEqual({ dcId, port }, { dcId: 4, port: there.port })
      const { keys, logins } = there.stats()
      assert.equal(keys.find(({ state }) => state === 'authorised')?.keyId, keyFingerprint)
      assert.deepEqual([logins, dc.stats().logins], [1, 0])
    })

  it('starts again once when Telegram asks for that', async () => {
    dc.fail('auth.sendCode', { code: 500, message: 'AUTH_RESTART' })
    await logIn({ kind: 'user', asker: new Person(ANN.phone, [ANN.code]) }, optionsFor(dc, notes))
    assert.equal(requests.filter((method) => method === 'auth.sendCode').length, 2)
  })

  it('connects to nothing when the attempt log refuses', async () => {
    const guard = new Notes(() => {
      throw new RefusedError('login.blocked', 'not today', { hint: 'Wait.' })
    })
    const asker = new Person(ANN.phone, [])
    await assert.rejects(
      logIn({ kind: 'user', asker }, optionsFor(dc, guard)),
      (error) => error instanceof RefusedError && error.code === 'login.blocked',
    )
    assert.equal(dc.stats().connections, 0)
    assert.deepEqual(guard.lines, [])
  })

  it('leaves nothing at Telegram when somebody hangs up before the code', async () => {
    const asker = new Person(ANN.phone, [null])
    await assert.rejects(logIn({ kind: 'user', asker }, optionsFor(dc, notes)), /hung up/)
    assert.equal(dc.stats().keys[0]?.state, 'fresh')
    assert.ok(!requests.includes('auth.logOut'))
    assert.deepEqual(notes.lines, ['begin', 'failed login.cancelled'])
  })

  it('stops at once when the signal fires while somebody thinks', async () => {
    const stop = new AbortController()
    const asker = new Person(ANN.phone)
    asker.code = async ({ signal }) => {
      assert.equal(signal, stop.signal)
      setImmediate(() => stop.abort(new Error('enough')))
      return await new Promise<string>(() => undefined)
    }
    await assert.rejects(
      logIn({ kind: 'user', asker }, optionsFor(dc, notes, { signal: stop.signal })),
      /enough/,
    )
    assert.deepEqual(notes.lines, ['begin', 'failed login.cancelled'])
  })

  it('logs out again when it is stopped after the sign-in', async () => {
    const stop = new AbortController()
    let state: string | undefined
    const own = await FakeDc.start({
      accounts: [ANN],
      onEvent: ({ type }) => {
        if (type === 'login') setImmediate(() => stop.abort(new Error('enough')))
        if (type === 'disconnect') state = own.stats().keys[0]?.state
      },
    })
    const asker = new Person(ANN.phone, [ANN.code])
    await assert.rejects(
      logIn({ kind: 'user', asker }, optionsFor(own, notes, { signal: stop.signal })),
      /enough/,
    )
    await until(() => state !== undefined)
    assert.equal(own.stats().logins, 1)
    assert.equal(state, 'loggedOut')
    assert.deepEqual(asker.told, [])
    await own.close()
  })

  it('logs out again when the sign-in cannot be finished, and says so when that fails too', async () => {
    dc.fail('users.getUsers', { code: 400, message: 'USER_ID_INVALID' }, 2)
    dc.fail('auth.logOut', { code: 400, message: 'NOT_NOW' })
    const asker = new Person(ANN.phone, [ANN.code])
    await assert.rejects(
      logIn({ kind: 'user', asker }, optionsFor(dc, notes)),
      (error) => error instanceof RefusedError && error.code === 'login.refused',
    )
    assert.match(asker.told[0] ?? '', /Settings > Devices/)
    const second = new Person(ANN.phone, [ANN.code])
    await assert.rejects(logIn({ kind: 'user', asker: second }, optionsFor(dc, notes)))
    assert.equal(dc.stats().keys[1]?.state, 'loggedOut')
    assert.deepEqual(second.told, [])
  })
})
