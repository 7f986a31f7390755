import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Clock } from '../../src/base/clock.ts'
import { ConfigurationError, RefusedError, TgsessionError, UnreachableError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { logIn } from '../../src/login/login.ts'
import { inWords } from '../../src/login/refusals.ts'
import type { LogInOptions, Who } from '../../src/login/settings.ts'
import { ANN, API_HASH, BOB, BOT, Notes, optionsFor, Person } from './people.ts'
import { until } from '../support/until.ts'
import { CLOSED_PORT } from '../support/free-port.ts'

const user = (asker: Person): Who => ({ kind: 'user', asker })
const ann = (...codes: string[]): Who => user(new Person(ANN.phone, codes))

describe('what Telegram refuses', () => {
  let dc: FakeDc
  let notes: Notes
  const open = new Set<number>()
  beforeEach(async () => {
    notes = new Notes()
    dc = await FakeDc.start({
      accounts: [ANN, BOB],
      bots: [BOT],
      onEvent: ({ type, connectionId }) => {
        if (type === 'connect') open.add(connectionId)
        if (type === 'disconnect') open.delete(connectionId)
      },
    })
  })
  afterEach(async () => {
    await until(() => open.size === 0)
    await dc.close()
  })

  /** The error; no login may have come of it, and nothing secret may stand in it. */
  async function refused(who: Who, rest: Partial<LogInOptions> = {}): Promise<TgsessionError> {
    const error: unknown = await logIn(who, optionsFor(dc, notes, rest)).then(
      () => assert.fail('it logged in'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof TgsessionError, String(error))
    assert.equal(dc.stats().keys.filter(({ state }) => state === 'authorised').length, 0)
    const secrets = [ANN.phone.slice(1), BOB.phone.slice(1), ANN.code, BOB.password, BOT.token, API_HASH]
    const text = [error.message, error.hint, String(error.stack), JSON.stringify(error.cause)].join('\n')
    for (const secret of secrets) assert.ok(!text.includes(secret), `a secret stands in: ${text}`)
    assert.ok(error.hint.length > 10)
    return error
  }

  it('three wrong codes', async () => {
    const error = await refused(ann('1', '2', '3'))
    assert.ok(error instanceof RefusedError)
    assert.equal(error.code, 'login.code_wrong')
    assert.deepEqual(notes.lines, ['begin', 'failed login.code_wrong'])
  })

  it('three wrong passwords', async () => {
    const error = await refused(user(new Person(BOB.phone, [BOB.code], ['a', '', 'b'])))
    assert.equal(error.code, 'login.password_wrong')
  })

  it('a bot token that it does not know, or that is none', async () => {
    assert.equal((await refused({ kind: 'bot', token: '1:unknown' })).code, 'login.bot_token_invalid')
    assert.deepEqual(notes.lines, ['begin', 'failed login.bot_token_invalid'])
    const { connections } = dc.stats()
    assert.equal((await refused({ kind: 'bot', token: 'no token' })).code, 'login.bot_token_invalid')
    assert.equal(dc.stats().connections, connections)
  })

  it('a challenge that went stale once is no refusal; a second time it is', async () => {
    dc.fail('auth.checkPassword', { code: 400, message: 'SRP_ID_INVALID' })
    const { session } = await logIn(
      user(new Person(BOB.phone, [BOB.code], [BOB.password])),
      optionsFor(dc, notes),
    )
    assert.ok(session.length > 0)
    await dc.close()
    dc = await FakeDc.start({ accounts: [BOB] })
    dc.fail('auth.checkPassword', { code: 400, message: 'SRP_PASSWORD_CHANGED' }, Infinity)
    const error = await refused(user(new Person(BOB.phone, [BOB.code], [BOB.password])))
    assert.equal(error.code, 'login.password_changed')
  })

  it('a number without an account', async () => {
    const stranger = user(new Person('+15559999999', ['11111']))
    assert.equal((await refused(stranger)).code, 'login.phone_unoccupied')
  })

  const answers: [string, number, string, string][] = [
    ['auth.sendCode', 400, 'PHONE_NUMBER_INVALID', 'login.phone_invalid'],
    ['auth.sendCode', 400, 'PHONE_NUMBER_BANNED', 'login.phone_banned'],
    ['auth.sendCode', 400, 'USER_DEACTIVATED_BAN', 'login.phone_banned'],
    ['auth.sendCode', 400, 'USER_DEACTIVATED', 'login.account_deleted'],
    ['auth.sendCode', 420, 'FROZEN_METHOD_INVALID', 'login.account_frozen'],
    ['auth.sendCode', 403, 'RECAPTCHA_CHECK_signup__6Lc', 'login.captcha'],
    ['auth.sendCode', 400, 'API_ID_INVALID', 'login.api_id_invalid'],
    ['auth.sendCode', 400, 'API_ID_PUBLISHED_FLOOD', 'login.api_id_published'],
    ['auth.sendCode', 406, 'SEND_CODE_UNAVAILABLE', 'login.code_unavailable'],
    ['auth.sendCode', 406, 'UPDATE_APP_TO_LOGIN', 'login.update_app'],
    ['auth.sendCode', 400, 'SOMETHING_NEW', 'login.refused'],
    ['auth.signIn', 400, 'PHONE_CODE_EXPIRED', 'login.code_expired'],
    ['auth.signIn', 400, 'PHONE_NUMBER_UNOCCUPIED', 'login.phone_unoccupied'],
  ]
  for (const [method, code, message, expected] of answers)
    it(`${message} from ${method}`, async () => {
      dc.fail(method, { code, message }, Infinity)
      const error = await refused(ann(ANN.code))
      assert.equal(error.code, expected)
      assert.equal(error instanceof ConfigurationError, expected.startsWith('login.api_id'))
      assert.deepEqual(notes.lines, ['begin', `failed ${expected}`])
    })

  const clock: Clock = { ...systemClock, wall: () => Date.parse('2030-01-01T00:00:00Z') }

  it('a flood wait: it is written down before the refusal, even a short one', async () => {
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_86340' })
    const error = await refused(ann(), { clock })
    assert.ok(error instanceof RefusedError)
    assert.equal(error.code, 'login.flood_wait')
    assert.match(error.message, /23 hours and 59 minutes.*2030-01-01T23:59:00/)
    assert.deepEqual(notes.lines, ['begin', 'blocked 2030-01-01T23:59:00.000Z', 'failed login.flood_wait'])
    notes.lines.length = 0
    dc.fail('auth.signIn', { code: 420, message: 'FLOOD_WAIT_3' })
    await refused(ann(ANN.code), { clock })
    assert.equal(notes.lines[1], 'blocked 2030-01-01T00:00:03.000Z')
    notes.lines.length = 0
    dc.fail('auth.sendCode', { code: 400, message: 'PHONE_NUMBER_FLOOD' })
    await refused(ann(), { clock })
    assert.equal(notes.lines[1], 'blocked 2030-01-02T00:00:00.000Z')
  })

  it('a flood wait that cannot be written down is still told, with the reason', async () => {
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_60' })
    notes.blocked = () => Promise.reject(new UnreachableError('store.unreachable', 'no store', { hint: 'x' }))
    const error = await refused(ann(), { clock })
    assert.equal(error.code, 'login.flood_wait')
    assert.match(error.hint, /could not be written down/)
    assert.ok(error.cause instanceof UnreachableError)
  })

  it('a key that the server forgets on the way', async () => {
    const person = new Person(ANN.phone, [ANN.code])
    const answer = person.code.bind(person)
    person.code = async (question) => {
      dc.forgetKey(dc.stats().keys[0]?.keyId ?? '')
      return await answer(question)
    }
    const error = await refused(user(person))
    assert.ok(error instanceof UnreachableError)
    assert.equal(error.code, 'login.key_forgotten')
  })
})

describe('what cannot be tried', () => {
  const where = { host: '127.0.0.1', port: 1 }
  const base = { apiId: 1, apiHash: API_HASH, dc: where, log: () => undefined }

  it('a data centre that cannot be reached, within the deadline', async () => {
    const notes = new Notes()
    const dc = { host: '127.0.0.1', port: CLOSED_PORT }
    await assert.rejects(
      logIn(ann(), { ...base, dc, attempts: notes, timeoutMs: 500 }),
      (error) => error instanceof UnreachableError && error.code === 'telegram.unreachable',
    )
    assert.deepEqual(notes.lines, ['begin', 'failed telegram.unreachable'])
  })

  const wrong: [string, Partial<LogInOptions>, string][] = [
    ['api_id 0', { apiId: 0 }, 'login.api_id_malformed'],
    ['a short api_hash', { apiHash: 'abc' }, 'login.api_hash_malformed'],
    ['port 0', { dc: { host: '127.0.0.1', port: 0 } }, 'login.dc_malformed'],
    ['a bad public key', { dc: { ...where, publicKeyPem: 'x' } }, 'telegram.server_key'],
  ]
  for (const [what, rest, code] of wrong)
    it(`${what}: refused before the attempt is even counted`, async () => {
      const notes = new Notes()
      await assert.rejects(
        logIn(ann(), { ...base, ...rest, attempts: notes }),
        (error) => error instanceof ConfigurationError && error.code === code,
      )
      assert.deepEqual(notes.lines, [])
    })
})

describe('inWords', () => {
  it('rounds up and names the two largest units', () => {
    const cases: [number, string][] = [
      [1, '1 second'],
      [59, '59 seconds'],
      [60, '1 minute'],
      [61, '2 minutes'],
      [3600, '1 hour'],
      [86_340, '23 hours and 59 minutes'],
      [86_400, '1 day'],
      [90_061, '1 day and 1 hour'],
    ]
    for (const [seconds, words] of cases) assert.equal(inWords(seconds), words)
  })
})
