import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import type { Head } from '../../src/replica/head.ts'
import { Cli, lastJson, type Screen } from '../support/cli/cli.ts'
import { S3Server } from '../support/store/s3-server.ts'
import { scan } from '../support/cli/scan-qr.ts'
import { missing } from '../support/requires.ts'
import { ACCOUNT, API_HASH, API_ID, BOT, keyTexts, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const outcomes = (logins: Head['logins']): string[] => logins.map(({ outcome }) => outcome)
const CTRL_C = '\u0003'

describe('tgsession login', { skip: missing.command('script') }, () => {
  let dc: FakeDc
  const scratch = temporaryFolder()
  let cli: Cli
  let env: Record<string, string>
  let dcFlags: string[]
  let stores = 0
  const secrets = new Set([KEY, API_HASH, ACCOUNT.password, BOT.token])

  before(async () => {
    dc = await startDc()
    cli = new Cli(scratch)
    const pem = path.join(scratch, 'dc.pem')
    writeFileSync(pem, dc.publicKeyPem)
    dcFlags = ['--dc', `${dc.host}:${dc.port}`, '--dc-key', pem]
  })
  after(async () => {
    await dc.close()
  })
  beforeEach(() => {
    env = {
      TGSESSION_STORE: `file:${scratch}/store${++stores}`,
      TGSESSION_KEY: KEY,
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    }
  })
  afterEach(() => cli.killAll())

  const login = (...flags: string[]): Screen => cli.terminal(['login', ...dcFlags, ...flags], env)
  const status = async (): Promise<Head> => {
    const { code, stdout } = await cli.run(['status', '--json'], env)
    assert.equal(code, 0)
    return lastJson<Head>(stdout)
  }
  const logInWell = async (...flags: string[]): Promise<{ code: number | null; text: string }> => {
    const screen = login(...flags)
    await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
    await screen.answer('Code, sent to', `${ACCOUNT.code}\r`)
    await screen.answer('Password', `${ACCOUNT.password}\r`)
    return await screen.end()
  }
  const authorised = (): number => dc.stats().keys.filter(({ state }) => state === 'authorised').length

  it('logs a user in: phone, a wrong code, the right one, a wrong password, the right one', async () => {
    const screen = login()
    await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
    await screen.answer('Code, sent to', '11111\r')
    await screen.answer('that code was not right', '')
    await screen.answer('Code, sent to', `${ACCOUNT.code}\r`)
    await screen.answer('Password', 'not this one\r')
    await screen.answer('that password was not right', '')
    await screen.answer('Password', `${ACCOUNT.password}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0)
    assert.match(text, /Stored as revision 1/)
    assert.match(text, /Logged in as Rig \(@rig_user\)/)
    const { current, lastLogin, holder, logins } = await status()
    assert.ok(current)
    assert.equal(current.revision, 1)
    assert.equal(current.userId, String(ACCOUNT.userId))
    assert.equal(lastLogin?.objectKey, current.objectKey)
    assert.equal(holder, null)
    assert.deepEqual(outcomes(logins), ['done'])
    assert.ok(
      dc.stats().keys.every(({ open }) => open === 0),
      'every socket is closed',
    )
  })

  it('says in place what is wrong with an answer, and shows the code', async () => {
    const bot = login('--bot')
    await bot.answer('Bot token', 'no token\r')
    await bot.answer('Copy the whole token', CTRL_C)
    assert.equal(await bot.ended, 130)
    const screen = login()
    await screen.answer('Phone number', '12\r')
    await screen.answer('not a phone number in international form', `\b\b${ACCOUNT.phone}\r`)
    await screen.answer('Enter alone sends another one as an SMS', '123\r')
    await screen.answer('It has 5 characters', '\b\b\b\r')
    await screen.answer('Another one can be sent in', CTRL_C)
    const { code, text } = await screen.end()
    assert.equal(code, 130)
    assert.match(text, /│ {2}123/)
    assert.match(text, /└ {2}Cancelled\./)
  })

  it('keeps what spares the next login its code, if that is wanted, until logout', async () => {
    assert.equal((await logInWell()).code, 0)
    const token = path.join(scratch, `store${stores}`, 'main', 'login-token.age')
    assert.ok(!existsSync(token))
    const first = login('--replace', '--phone', ACCOUNT.phone, '--keep-login-token')
    await first.answer('Put a new login in its place?', 'y')
    await first.answer('Code, sent to', `${ACCOUNT.code}\r`)
    await first.answer('Password', `${ACCOUNT.password}\r`)
    assert.equal(await first.ended, 0)
    const sealed = readFileSync(token)
    assert.match(sealed.toString('latin1'), /^age-encryption\.org/)
    // Used up, and another is kept in its place.
    const second = login('--replace', '--phone', ACCOUNT.phone)
    await second.answer('Put a new login in its place?', 'y')
    await second.answer('Password', `${ACCOUNT.password}\r`)
    const { code, text } = await second.end()
    assert.equal(code, 0, text)
    assert.doesNotMatch(text, /Code, sent to/)
    assert.match(text, /needs the password, and no code/)
    assert.ok(!readFileSync(token).equals(sealed))
    const pulled = await cli.run(['pull', 'out.session'], env)
    assert.equal(pulled.code, 0, pulled.stderr)
    const ended = await cli.run(['logout', '--yes'], env)
    assert.equal(ended.code, 0, ended.stderr)
    assert.ok(!existsSync(token))
  })

  it('keeps nothing of the kind where it would be readable', async () => {
    const { TGSESSION_KEY: _, ...readable } = env
    env = readable
    for (const flags of [
      ['--keep-login-token', '--qr'],
      ['--ignore-limit', '--web'],
    ])
      assert.equal((await login(...flags).end()).code, 64)
    const refused = await login('--keep-login-token').end()
    assert.equal(refused.code, 78, refused.text)
    assert.match(refused.text, /kept encrypted, or not at all/)
    assert.deepEqual((await status()).logins, [])
  })

  it('logs a bot in', async () => {
    const screen = login('--bot')
    await screen.answer('Bot token', `${BOT.token}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    assert.match(text, /@rig_bot/)
    assert.equal((await status()).current?.userId, String(BOT.userId))
  })

  it('logs in by a QR code that another device scans from the screen', async () => {
    const screen = login('--qr')
    const scanned = await until(() => scan(screen.text), 'a QR code on the screen')
    dc.acceptLoginToken(
      Buffer.from(new URL(scanned).searchParams.get('token') ?? '', 'base64url'),
      ACCOUNT.userId,
    )
    await screen.answer('Password', `${ACCOUNT.password}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    assert.match(text, /Link Desktop Device/)
    assert.equal((await status()).current?.userId, String(ACCOUNT.userId))
    assert.equal((await login('--qr', '--bot').end()).code, 64)
  })

  it('refuses where a good session is: says whose and since when, and connects nowhere', async () => {
    assert.equal((await logInWell()).code, 0)
    const { connections } = dc.stats()
    const { code, text } = await login().end()
    assert.equal(code, 76)
    const savedAt = (await status()).current?.savedAt ?? 'never'
    assert.ok(text.includes(`user ${ACCOUNT.userId}`) && text.includes(savedAt), text)
    assert.match(text, /--replace/)
    assert.equal(dc.stats().connections, connections)
  })

  it('asks before it replaces a good session; no is no', async () => {
    assert.equal((await logInWell()).code, 0)
    const { connections } = dc.stats()
    const screen = login('--replace')
    await screen.answer('Put a new login in its place?', '\r')
    const { code, text } = await screen.end()
    assert.equal(code, 0)
    assert.match(text, /Nothing was changed/)
    assert.equal(dc.stats().connections, connections)
    assert.equal((await status()).current?.revision, 1)

    const cancelled = login('--replace')
    await cancelled.answer('Put a new login in its place?', CTRL_C)
    assert.equal(await cancelled.ended, 130)

    const replacing = login('--replace', '--phone', ACCOUNT.phone)
    await replacing.answer('Put a new login in its place?', 'y')
    await replacing.answer('Code, sent to', `${ACCOUNT.code}\r`)
    await replacing.answer('Password', `${ACCOUNT.password}\r`)
    assert.equal(await replacing.ended, 0)
    const { current, lastLogin } = await status()
    assert.equal(current?.revision, 2)
    assert.equal(lastLogin?.revision, 2)
  })

  const steps: [string, string][] = [
    ['Phone number', ACCOUNT.phone],
    ['Code, sent to', ACCOUNT.code],
    ['Password', ACCOUNT.password],
  ]
  for (const [index, [question]] of steps.entries())
    it(`ends with 130 at Ctrl-C (${question}), leaves no key behind and notes it`, async () => {
      const keysBefore = authorised()
      const screen = login()
      for (const [asked, answer] of steps.slice(0, index)) await screen.answer(asked, `${answer}\r`)
      await screen.answer(question, CTRL_C)
      const { code, text } = await screen.end()
      assert.equal(code, 130)
      assert.match(text, /cancel/i)
      assert.equal(authorised(), keysBefore)
      assert.ok(dc.stats().keys.every(({ open }) => open === 0))
      const { current, logins } = await status()
      assert.equal(current, null)
      assert.deepEqual(outcomes(logins), ['login.cancelled'])
    })

  it('shows that a wait for Telegram goes on, and ends it at Ctrl-C', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    assert.ok(typeof address === 'object' && address)
    const flags = ['--dc', `127.0.0.1:${address.port}`, '--dc-key', path.join(scratch, 'dc.pem')]
    const screen = cli.terminal(['login', '--phone', ACCOUNT.phone, ...flags], env)
    await screen.answer('Asking Telegram', CTRL_C)
    const { code, text } = await screen.end()
    assert.equal(code, 130, text)
    assert.match(text, /└ {2}Cancelled\./)
    silent.close()
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    it(`takes the login back on ${signal}, as when a one-off dyno loses its terminal`, async () => {
      const screen = login()
      await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
      await screen.answer('Code, sent to', '')
      const [pid] = readFileSync(`/proc/${screen.child.pid}/task/${screen.child.pid}/children`, 'utf8').split(
        ' ',
      )
      process.kill(Number(pid), signal)
      const code = await screen.ended
      assert.equal(code, signal === 'SIGTERM' ? 143 : 129)
      const { logins } = await status()
      assert.deepEqual(outcomes(logins), ['login.cancelled'])
    })

  it('ends with 64 without a terminal, and sends nothing', async () => {
    const { connections } = dc.stats()
    const { code, stdout, stderr } = await cli.run(['login', ...dcFlags], env, '+15550001234\n24680\n')
    assert.equal(code, 64)
    assert.equal(stdout, '')
    assert.match(stderr, /heroku run npm run login/)
    assert.equal(dc.stats().connections, connections)
    assert.deepEqual((await status()).logins, [])
  })

  it('remembers FLOOD_WAIT: the next login is refused before any connection', async () => {
    dc.fail('auth.sendCode', { code: 420, message: 'FLOOD_WAIT_3600' })
    const screen = login()
    await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
    assert.equal(await screen.ended, 76)
    const blockedUntil = Date.parse((await status()).loginBlockedUntil ?? '')
    assert.ok(Math.abs(blockedUntil - Date.now() - 3_600_000) < 60_000)
    const { connections } = dc.stats()
    const { code, text } = await login().end()
    assert.equal(code, 76)
    assert.ok(text.includes(new Date(blockedUntil).toISOString()), text)
    assert.equal(dc.stats().connections, connections)
  })

  it('asks for no fourth code within a day, under whatever name, unless it is wanted', async () => {
    for (const name of ['a', 'b', 'c']) {
      const screen = login('--phone', ACCOUNT.phone, '--name', name)
      await screen.answer('Code, sent to', CTRL_C)
      assert.equal(await screen.ended, 130)
    }
    const { connections } = dc.stats()
    const { code, text } = await login('--phone', ACCOUNT.phone).end()
    assert.equal(code, 76, text)
    assert.match(text, /3 codes were asked for this phone number within 24 hours/)
    assert.equal(dc.stats().connections, connections)
    const screen = login('--phone', ACCOUNT.phone, '--ignore-limit')
    await screen.answer('Code, sent to', CTRL_C)
    assert.equal(await screen.ended, 130)
  })

  it('notes how an attempt ended whose input was malformed', async () => {
    const phone = await login('--phone', 'not a number').end()
    assert.equal(phone.code, 76, phone.text)
    const { logins } = await status()
    assert.deepEqual(outcomes(logins), ['login.phone_invalid'])
  })

  it('keeps a session that could not be stored in a file, and says how to store it', async () => {
    const screen = login()
    await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
    await screen.answer('Code, sent to', `${ACCOUNT.code}\r`)
    // The store goes away between the attempt and the session: a file stands where its folder was.
    const folder = path.join(scratch, `store${stores}`)
    renameSync(folder, `${folder}.away`)
    writeFileSync(folder, 'in the way')
    await screen.answer('Password', `${ACCOUNT.password}\r`)
    const { code, text } = await screen.end()
    assert.notEqual(code, 0)
    const file = path.join(scratch, 'main.rescued.session')
    assert.ok(text.replaceAll(/[\s│]/g, '').includes(`tgsessionpush${file}`), text)
    const { code: inspected, stdout } = await cli.run(['inspect', file, '--json'])
    assert.equal(inspected, 0)
    assert.equal(lastJson(stdout)['userId'], String(ACCOUNT.userId))
  })

  it('stores the session though Ctrl-C is pressed meanwhile, and shows that it takes a while', async () => {
    const bucket = await S3Server.start()
    try {
      env = {
        ...env,
        TGSESSION_STORE: bucket.url(),
        AWS_ACCESS_KEY_ID: 'testkey',
        AWS_SECRET_ACCESS_KEY: 'x',
      }
      const slow = Promise.withResolvers<void>()
      bucket.fault({ method: 'PUT', key: 'revisions/', act: { wait: slow.promise } })
      const screen = login()
      await screen.answer('Phone number', `${ACCOUNT.phone}\r`)
      await screen.answer('Code, sent to', `${ACCOUNT.code}\r`)
      await screen.answer('Password', `${ACCOUNT.password}\r`)
      await screen.answer('Storing the session', CTRL_C)
      slow.resolve()
      const { code, text } = await screen.end()
      assert.equal(code, 0, text)
      assert.match(text, /Stored as revision 1/)
      assert.equal((await status()).current?.revision, 1)
    } finally {
      await bucket.close()
    }
  })

  it('has printed no secret, on any screen and in any output', async () => {
    for (const name of readdirSync(scratch).filter((file) => file.endsWith('.session')))
      for (const text of keyTexts(path.join(scratch, name))) secrets.add(text)
    assert.ok(secrets.size > 3 && cli.screens.length > 10)
    for (const secret of secrets)
      for (const text of [...cli.printed, ...cli.screens]) assert.ok(!text.includes(secret), text)
  })
})
