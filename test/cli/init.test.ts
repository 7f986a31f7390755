import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { readDotEnv } from '../../src/cli/dot-env.ts'
import { parseKey } from '../../src/seal/key.ts'
import { Cli, type Screen } from '../support/cli/cli.ts'
import { missing } from '../support/requires.ts'
import { API_HASH, API_ID } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CTRL_C = '\u0003'
const [UP, DOWN] = ['\u001b[A', '\u001b[B']

const answerApi = async (screen: Screen): Promise<void> => {
  await screen.answer('api_id', `${API_ID}\r`)
  await screen.answer('api_hash', `${API_HASH}\r`)
}

describe('tgsession init', { skip: missing.command('script') }, () => {
  let folder: string
  let cli: Cli

  beforeEach(() => {
    folder = temporaryFolder()
    cli = new Cli(folder)
  })
  afterEach(() => cli.killAll())

  const init = (env: Record<string, string> = {}, ...flags: string[]): Screen =>
    cli.terminal(['init', ...flags], env)
  const envFile = (): string => path.join(folder, '.env')
  const written = (): Record<string, string> => readDotEnv(envFile())

  it('asks what is missing, makes the key, looks whether all is well, and writes .env', async () => {
    writeFileSync(envFile(), 'MINE="stays"', { mode: 0o644 })
    const screen = init()
    await screen.answer('Where will the bot run?', '\r')
    await answerApi(screen)
    await screen.answer('Where is the session kept?', '\r')
    await screen.answer('Name of the session', '\r')
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    const { TGSESSION_KEY: key = '', ...others } = written()
    assert.deepEqual(others, {
      MINE: 'stays',
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
      TGSESSION_STORE: 'file:./tgsession-store',
      TGSESSION_NAME: 'main',
    })
    assert.equal(parseKey(key), key)
    assert.equal(statSync(envFile()).mode & 0o777, 0o600)
    assert.match(text, /conditional writes: honoured/)
    assert.match(text, /Keep a copy of TGSESSION_KEY/)
    assert.match(text, /npx tgsession login/)
    for (const secret of [key, API_HASH]) assert.ok(!text.includes(secret), text)
    assert.equal((await cli.run(['doctor'])).code, 0)
  })

  it('says in place what is wrong with an answer, and warns of the api_id of another app', async () => {
    const screen = init({ TGSESSION_STORE: 'memory:' }, '--for', 'here')
    await screen.answer('api_id', 'mine\r')
    await screen.answer('must be the number from my.telegram.org', '\b\b\b\b2040\r')
    await screen.answer('that of Telegram Desktop', '')
    await screen.answer('api_hash', 'short\r')
    await screen.answer('must be the 32 hex digits', `\b\b\b\b\b${API_HASH}\r`)
    await screen.answer('Name of the session', ' !\r')
    await screen.answer('must be a short name', CTRL_C)
    const { code, text } = await screen.end()
    assert.equal(code, 130)
    assert.match(text, /└ {2}Cancelled\./)
    assert.ok(!existsSync(envFile()))
  })

  it('keeps a key that is there, and asks for nothing that is set', async () => {
    const key = 'ab'.repeat(32)
    writeFileSync(envFile(), `API_ID=1\nAPI_HASH=${API_HASH}\nTGSESSION_KEY=${key}\nTGSESSION_NAME=other\n`)
    const before = readFileSync(envFile(), 'utf8')
    const { code, text } = await init({ TGSESSION_STORE: 'file:./here' }, '--for', 'here').end()
    assert.equal(code, 0, text)
    assert.equal(readFileSync(envFile(), 'utf8'), before)
  })

  it('makes no second key where the environment hides the one in .env behind an empty variable', async () => {
    writeFileSync(envFile(), `API_ID=1\nAPI_HASH=${API_HASH}\nTGSESSION_KEY=${'ab'.repeat(32)}\n`)
    const before = readFileSync(envFile(), 'utf8')
    const env = { TGSESSION_STORE: 'file:./here', TGSESSION_NAME: 'main', TGSESSION_KEY: ' ' }
    const { code, text } = await init(env, '--for', 'here').end()
    assert.equal(code, 0, text)
    assert.equal(readFileSync(envFile(), 'utf8'), before)
  })

  it('offers what the environment names, and chooses it by its name', async () => {
    const databases = { DATABASE_URL: 'sqlite:./a.db', JAWSDB_URL: 'mysql://u:hush@127.0.0.1:9/db' }
    const env = { ...databases, TELEGRAM_API_ID: '1', TELEGRAM_API_HASH: API_HASH, TGSESSION_NAME: 'main' }
    const screen = init(env, '--for', 'here')
    await screen.answer('Where is the session kept?', DOWN)
    await screen.answer('mysql://127.0.0.1:9/db', `${UP}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    assert.equal(written()['TGSESSION_STORE'], 'DATABASE_URL')
    assert.ok(!text.includes('hush'), text)
  })

  it('asks in words on a terminal that tells no size', async () => {
    const screen = cli.terminal(['init'], {}, 'cols 0 rows 0')
    await screen.answer('Where will the bot run?', CTRL_C)
    assert.equal((await screen.end()).code, 130)
  })

  it('asks nothing where .env is a folder, as a virtual environment of Python is', async () => {
    mkdirSync(envFile())
    const { code, stdout, stderr } = await cli.run(['init'], { TGSESSION_STORE: 'file:./here' })
    assert.deepEqual([code, stdout], [78, ''])
    assert.match(stderr, /^tgsession: \.env is a folder, so no settings can be written there$/m)
  })

  it('writes nothing where something is wrong, unless that is wanted', async () => {
    const env = { TELEGRAM_API_ID: '1', TELEGRAM_API_HASH: API_HASH, TGSESSION_NAME: 'main' }
    writeFileSync(path.join(folder, 'in-the-way'), '')
    const wrong = { ...env, TGSESSION_STORE: 'file:./in-the-way' }
    const refused = init(wrong, '--for', 'here')
    await refused.answer('Write .env all the same?', '\r')
    assert.equal((await refused.end()).code, 78)
    assert.ok(!existsSync(envFile()))
    const wanted = init(wrong, '--for', 'here')
    await wanted.answer('Write .env all the same?', 'y')
    assert.equal((await wanted.end()).code, 0)
    assert.ok(existsSync(envFile()))
  })

  for (const host of ['heroku', 'fly'])
    it(`prints commands for ${host} that hold no secret, and take all of them along`, async () => {
      // With what a shell would read as its own.
      const address = 'file:./it is;$HOME&more'
      const screen = init({}, '--for', host)
      await answerApi(screen)
      await screen.answer('Where is the session kept?', host === 'heroku' ? `${DOWN}\r` : '\r')
      await screen.answer('Its address', `${address}\r`)
      await screen.answer('Name of the session', '\r')
      const { code, text } = await screen.end()
      assert.equal(code, 0, text)
      const settings = written()
      for (const secret of [API_HASH, settings['TGSESSION_KEY'] ?? ''])
        assert.ok(!text.includes(secret), text)
      const line = text.split(/\r?\n/).find((one) => one.includes('grep -E')) ?? ''
      writeFileSync(path.join(folder, host), '#!/bin/sh\nprintf "%s\\n" "$@"; cat\n')
      chmodSync(path.join(folder, host), 0o755)
      const PATH = `${folder}:${process.env['PATH'] ?? ''}`
      const got = execFileSync('sh', ['-c', line], { cwd: folder, env: { PATH }, encoding: 'utf8' })
      for (const [name, value] of Object.entries(settings))
        assert.ok(got.split('\n').includes(`${name}=${value}`), `${name} in ${got}`)
    })

  it('asks for no store where the host brings one', async () => {
    for (const host of ['heroku', 'compose']) {
      const screen = init({}, '--for', host)
      if (host === 'heroku') {
        await answerApi(screen)
        await screen.answer('Where is the session kept?', '\r')
        await screen.answer('Name of the session', '\r')
      }
      const { code, text } = await screen.end()
      assert.equal(code, 0, text)
      assert.equal(written()['TGSESSION_STORE'], undefined)
      assert.match(text, host === 'heroku' ? /heroku addons:create/ : /docker compose .* run --rm bot login/)
    }
  })

  it('needs no terminal where nothing is missing, and says what is', async () => {
    const refused = await cli.run(['init'], { TELEGRAM_API_ID: '1' })
    assert.equal(refused.code, 64)
    assert.match(refused.stderr, /TELEGRAM_API_HASH, TGSESSION_STORE/)
    assert.ok(!existsSync(envFile()))
    const env = { TELEGRAM_API_ID: '1', TELEGRAM_API_HASH: API_HASH, TGSESSION_STORE: 'file:./here' }
    const { code, stdout } = await cli.run(['init'], env)
    assert.equal(code, 0, stdout)
    assert.deepEqual(Object.keys(written()), ['TGSESSION_KEY'])
  })

  it('warns where git would take .env along', async () => {
    execFileSync('git', ['init', '-q'], { cwd: folder })
    const env = { TELEGRAM_API_ID: '1', TELEGRAM_API_HASH: API_HASH, TGSESSION_STORE: 'file:./here' }
    assert.match((await cli.run(['init'], env)).stdout, /git does not ignore \.env/)
    writeFileSync(path.join(folder, '.gitignore'), '.env\n')
    assert.doesNotMatch((await cli.run(['init'], env)).stdout, /git does not ignore/)
  })
})
