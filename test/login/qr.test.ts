import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { RefusedError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import type { QrAsker, QrCode } from '../../src/login/asker.ts'
import { logIn } from '../../src/login/login.ts'
import { inspectSession, verifySession } from '../../src/session/inspect.ts'
import { addServerKey } from '../../src/clients/gramjs/library.ts'
import { ANN, BOB, Notes, optionsFor, Person } from './people.ts'
import { until } from '../support/until.ts'

const ANN_ID = 71n
const BOB_ID = 72n

/** Somebody who does the same with each code that is shown. */
class Scanner extends Person implements QrAsker {
  readonly codes: QrCode[] = []
  hidden = 0
  readonly #onCode: (token: Buffer, shown: number) => void

  constructor(onCode: (token: Buffer, shown: number) => void, passwords: string[] = []) {
    super('', [], passwords)
    this.#onCode = onCode
  }

  showQr(code: QrCode): void {
    this.codes.push(code)
    const match = /^tg:\/\/login\?token=([\w-]+)$/.exec(code.url)
    assert.ok(match?.[1], code.url)
    this.#onCode(Buffer.from(match[1], 'base64url'), this.codes.length)
  }

  hideQr(): void {
    this.hidden++
  }
}

/** On which nobody waits for a code to run out; calls to Telegram have other deadlines. */
const impatient: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms >= 5000 && ms <= 30_000 ? 0 : ms, signal),
}
const TIMEOUT_MS = 40_000

describe('logIn by QR code', () => {
  let dc: FakeDc
  let notes: Notes
  const requests: string[] = []
  const accounts = [
    { ...ANN, userId: ANN_ID },
    { ...BOB, userId: BOB_ID },
  ]
  before(async () => {
    dc = await FakeDc.start({
      accounts,
      onEvent: ({ method }) => {
        if (method !== undefined) requests.push(method)
      },
    })
  })
  after(() => dc.close())
  afterEach(() => until(() => dc.stats().keys.every(({ open }) => open === 0)))

  const logInWith = (asker: QrAsker, rest: Parameters<typeof optionsFor>[2] = {}) => {
    notes = new Notes()
    return logIn({ kind: 'qr', asker }, optionsFor(dc, notes, rest))
  }

  it('logs in whoever scans the code', async () => {
    const asker = new Scanner((token) => dc.acceptLoginToken(token, ANN_ID))
    const { session, keyFingerprint, user } = await logInWith(asker)
    assert.deepEqual(user, { id: String(ANN_ID), name: 'Ann', username: 'ann', bot: false })
    const { bytes, ...verified } = await verifySession(session)
    assert.ok(bytes > 0)
    assert.deepEqual(verified, { family: 'telethon', keyFingerprint, userId: user.id })
    assert.equal(dc.stats().keys.at(-1)?.keyId, keyFingerprint)
    assert.deepEqual([asker.codes.length, asker.hidden], [1, 1])
    assert.deepEqual(notes.lines, ['begin'])
  })

  it('asks for the password of two-step verification, with no code on the screen any more', async () => {
    const asker = new Scanner((token) => dc.acceptLoginToken(token, BOB_ID), ['wrong', BOB.password])
    const { user } = await logInWith(asker)
    assert.equal(user.name, 'Bob')
    assert.equal(asker.hidden, 1)
    assert.deepEqual(
      asker.asked.map(({ lastError }) => lastError),
      [undefined, 'that password was not right'],
    )
  })

  it('shows another code when one has run out, also where the news of a scan was lost', async () => {
    const asker = new Scanner((token, shown) => {
      if (shown < 3) return
      dc.loseUpdates()
      dc.acceptLoginToken(token, ANN_ID)
    })
    await logInWith(asker, { clock: impatient, timeoutMs: TIMEOUT_MS })
    assert.equal(new Set(asker.codes.map(({ url }) => url)).size, 3)
  })

  it('gives up when nobody scans, and leaves nothing at Telegram', async () => {
    const asker = new Scanner(() => undefined)
    await assert.rejects(
      logInWith(asker, { clock: impatient, timeoutMs: TIMEOUT_MS }),
      (error) => error instanceof RefusedError && error.code === 'login.qr_not_scanned',
    )
    assert.deepEqual([asker.codes.length, asker.hidden], [10, 1])
    assert.equal(dc.stats().keys.at(-1)?.state, 'fresh')
    assert.deepEqual(notes.lines, ['begin', 'failed login.qr_not_scanned'])
  })

  it('follows the account to its data centre', async () => {
    const home = await FakeDc.start({ dcId: 4, accounts })
    addServerKey(home.publicKeyPem)
    dc.introduce(home)
    const asker = new Scanner((token) => home.acceptLoginToken(token, BOB_ID), [BOB.password])
    const { session, keyFingerprint } = await logInWith(asker)
    const { dcId, port } = await inspectSession(session)
    assert.deepEqual({ dcId, port }, { dcId: 4, port: home.port })
    assert.deepEqual(
      home.stats().keys.map(({ keyId, state }) => [keyId, state]),
      [[keyFingerprint, 'authorised']],
    )
    await until(() => home.stats().keys.every(({ open }) => open === 0))
    await home.close()
  })

  it('takes the login back when it is stopped after the scan', async () => {
    const stop = new AbortController()
    const asker = new Scanner((token) => {
      dc.loseUpdates()
      dc.acceptLoginToken(token, ANN_ID)
      setImmediate(() => stop.abort(new Error('enough')))
    })
    await assert.rejects(logInWith(asker, { signal: stop.signal }), /enough/)
    assert.deepEqual([asker.hidden, notes.lines], [1, ['begin', 'failed login.cancelled']])
    // As far as anybody here knows, the key was signed in by the scan.
    assert.equal(requests.at(-1), 'auth.logOut')
  })
})
