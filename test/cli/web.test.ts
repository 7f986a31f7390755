import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { dropKeys } from '../../src/cli/commands/account/web.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Cli } from '../support/cli/cli.ts'
import { ask, bearer } from '../support/http/ask.ts'
import { API_HASH, BOT, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const TOKEN = 'a-token-that-is-long-enough-to-be-one'

const logInBot = async (port: number, token: string): Promise<void> => {
  const headers = bearer(token)
  const json = { kind: 'bot', token: BOT.token }
  const begun = await ask(port, '/api/login', { method: 'POST', json, headers })
  assert.equal(begun.status, 200, begun.body)
  const flow: string = JSON.parse(begun.body).flow
  await until(async () => {
    const { body } = await ask(port, '/api/state', { headers: { ...headers, 'X-Tgsession-Login': flow } })
    const step: unknown = JSON.parse(body).login?.step
    assert.notEqual(step, 'failed', body)
    return step === 'done'
  }, 'the login')
}

describe('the page as a process', () => {
  let dc: FakeDc
  const scratch = temporaryFolder()
  let cli: Cli
  let rehearsal: string[]
  let env: Record<string, string>
  let stores = 0
  before(async () => {
    dc = await startDc()
    cli = new Cli(scratch)
    const pem = path.join(scratch, 'dc.pem')
    writeFileSync(pem, dc.publicKeyPem)
    rehearsal = ['--dc', `${dc.host}:${dc.port}`, '--dc-key', pem]
  })
  after(async () => {
    await dc.close()
  })
  afterEach(() => cli.killAll())

  interface Started {
    child: ChildProcess
    port: number
    /** What it has printed on both streams. */
    text: () => string
  }
  const start = async (args: string[], more: Record<string, string> = {}): Promise<Started> => {
    env = {
      TGSESSION_STORE: `file:${scratch}/${++stores}`,
      TGSESSION_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
      TELEGRAM_API_ID: '12345',
      TELEGRAM_API_HASH: API_HASH,
      ...more,
    }
    const child = cli.start(args, env)
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => (text += part.toString()))
    const port = await until(
      () => /event=http\.listening address=\S+:(\d+) for=page/.exec(text)?.[1],
      'the server',
    )
    return { child, port: Number(port), text: () => text }
  }
  const tokenIn = async ({ text }: Started): Promise<string> =>
    await until(() => /http:\/\/127\.0\.0\.1:\d+\/#t=(\S{43})\n/.exec(text())?.[1], 'the address')
  const stored = async (): Promise<string | null> => {
    const replica = await openReplica(await readSettings(env, { store: true }))
    const { revision } = await replica.restore()
    await replica.store.close()
    return revision.userId
  }

  it('prints an address with a fresh token behind #, stores what is sealed for the key, and ends by a signal', async () => {
    const web = await start(['web', '127.0.0.1:0', ...rehearsal])
    const token = await tokenIn(web)
    await logInBot(web.port, token)
    assert.equal(await stored(), String(BOT.userId))
    assert.equal((await ask(web.port, '/healthz')).status, 200)
    const done = cli.finish(web.child)
    web.child.kill('SIGTERM')
    assert.equal((await done).code, 143)
    assert.equal(web.text().split(token).length, 2, 'the token stands there once')
    assert.doesNotMatch(web.text(), new RegExp(`${BOT.token}|${API_HASH}`))
  })

  it('drops the keys at its start', () => {
    const context = {
      env: { TGSESSION_KEY: 'a', TGSESSION_KEY_PREVIOUS: 'b', OTHER: 'c' },
      exit: () => undefined,
    }
    process.env['TGSESSION_KEY'] = 'a'
    dropKeys(context)
    assert.deepEqual(context.env, { OTHER: 'c' })
    assert.equal(process.env['TGSESSION_KEY'], undefined)
  })

  it('login --web ends when the session is stored', async () => {
    const web = await start(['login', '--web', '127.0.0.1:0', ...rehearsal])
    const done = cli.finish(web.child)
    await logInBot(web.port, await tokenIn(web))
    assert.equal((await done).code, 0)
    assert.equal(await stored(), String(BOT.userId))
  })

  it('run --web waits for the login on the page, and then runs the command', async () => {
    const argv = ['run', '--web', '127.0.0.1:0', '--', 'sh', '-c', 'echo "have=$TGSESSION_FILE"; env']
    // The command's page has no rehearsal of its own: the session comes by another page on the same store.
    const running = await start(argv)
    const token = await tokenIn(running)
    const done = cli.finish(running.child)
    const { body } = await ask(running.port, '/api/state', { headers: bearer(token) })
    assert.equal(JSON.parse(body).mayLogIn, true)
    assert.equal((await ask(running.port, '/readyz', { headers: bearer(token) })).status, 503)
    const store = env['TGSESSION_STORE'] ?? ''
    const web = await start(['web', '127.0.0.1:0', ...rehearsal], { TGSESSION_STORE: store })
    await logInBot(web.port, await tokenIn(web))
    const { code } = await done
    assert.equal(code, 0)
    assert.match(running.text(), /have=.*\.session/)
    assert.doesNotMatch(running.text(), /^TGSESSION_(KEY|WEB_TOKEN)=/m)
  })

  it('shows on a host without a token how to set one, and nothing else', async () => {
    const { port } = await start(['web', '--yes'], { DYNO: 'web.1', PORT: '0' })
    const tls = { Host: 'app.test', 'X-Forwarded-Proto': 'https' }
    assert.equal((await ask(port, '/healthz')).status, 200)
    const { status, body } = await ask(port, '/', { headers: tls })
    assert.equal(status, 200)
    assert.match(body, /^Set TGSESSION_WEB_TOKEN .*dashboard\.heroku\.com.*\n$/)
    for (const route of ['/api/state', '/api/login', '/app.js'])
      assert.equal((await ask(port, route, { headers: { ...tls, ...bearer('undefined') } })).status, 404)
  })

  it('takes the token of the host, prints it nowhere, and wants https', async () => {
    const web = await start(['web', '--yes'], { DYNO: 'web.1', PORT: '0', TGSESSION_WEB_TOKEN: TOKEN })
    const inClear = { Host: 'app.test', ...bearer(TOKEN) }
    assert.equal((await ask(web.port, '/api/state', { headers: inClear })).status, 403)
    const tls = { ...inClear, 'X-Forwarded-Proto': 'https' }
    assert.equal((await ask(web.port, '/api/state', { headers: tls })).status, 200)
    assert.match((await ask(web.port, '/', { headers: tls })).body, /dashboard\.heroku\.com/)
    assert.ok(!web.text().includes(TOKEN) && !web.text().includes('#t='))
  })

  it('refuses plain HTTP beyond this machine, and a token that can be guessed', async () => {
    const store = { TGSESSION_STORE: `file:${scratch}/x` }
    const plain = await cli.run(['web', '0.0.0.0:0'], store)
    assert.equal(plain.code, 78)
    assert.match(plain.stderr, /plain HTTP[^]*ssh -L/)
    const short = await cli.run(['web', '0'], { ...store, TGSESSION_WEB_TOKEN: 'hunter2' })
    assert.equal(short.code, 78)
    assert.doesNotMatch(short.stderr, /hunter2/)
    const forced = await start(['web', '0.0.0.0:0', '--insecure-http'])
    assert.equal((await ask(forced.port, '/', { headers: { Host: 'proxy.test' } })).status, 200)
  })
})
