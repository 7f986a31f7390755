import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { after, afterEach, before, describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Cli } from '../support/cli/cli.ts'
import { ask, bearer } from '../support/http/ask.ts'
import { makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const TOKEN = 'a-token-that-is-long-enough-to-be-one'

describe('tgsession run --health', () => {
  let dc: FakeDc
  const scratch = temporaryFolder()
  let cli: Cli
  let env: Record<string, string>
  let stores = 0
  before(async () => {
    dc = await startDc()
    cli = new Cli(scratch)
  })
  after(async () => {
    await dc.close()
  })
  afterEach(() => cli.killAll())

  const start = async (
    flags: string[],
    more: Record<string, string> = {},
  ): Promise<[ChildProcess, number]> => {
    env = { TGSESSION_STORE: `file:${scratch}/${++stores}`, ...more }
    const child = cli.start(['run', ...flags, '--', 'sleep', '600'], env)
    let text = ''
    child.stderr?.on('data', (part: Buffer) => (text += part.toString()))
    const port = await until(() => /event=http\.listening address=\S+:(\d+)/.exec(text)?.[1], 'the server')
    return [child, Number(port)]
  }

  it('is healthy while it waits, ready when the command runs, and counts', async () => {
    const [child, port] = await start(['--health', '127.0.0.1:0'])
    assert.equal((await ask(port, '/healthz')).status, 200)
    const waiting = await until(async () => {
      const heard = await ask(port, '/readyz')
      return /no session/.test(heard.body) && heard
    }, 'why it waits')
    assert.equal(waiting.status, 503)
    const replica = await openReplica(await readSettings(env, { store: true }))
    await replica.push(await makeSession(dc))
    await until(async () => (await ask(port, '/readyz')).status === 200, 'the command')
    const { body } = await ask(port, '/metrics')
    assert.match(body, /^tgsession_lease_held\{name="main",holder="[^"]+"\} 1$/m)
    assert.match(body, /^tgsession_revision\{.*\} 1$/m)
    const done = cli.finish(child)
    child.kill('SIGTERM')
    assert.equal((await done).code, 143)
    await replica.store.close()
  })

  it('tells no more than that it lives where no address was named, unless there is a token', async () => {
    const [, port] = await start(['--health', '0'])
    assert.equal((await ask(port, '/healthz')).status, 200)
    assert.equal((await ask(port, '/metrics')).status, 401)
    const [, other] = await start(['--health'], { TGSESSION_WEB_TOKEN: TOKEN, PORT: '0' })
    assert.equal((await ask(other, '/readyz')).status, 401)
    assert.equal((await ask(other, '/metrics', { headers: bearer(TOKEN) })).status, 200)
  })

  it('keeps the token and the address of the heartbeat from the command', async () => {
    const secrets = { TGSESSION_WEB_TOKEN: TOKEN, TGSESSION_HEARTBEAT: 'https://127.0.0.1:9/secret' }
    const store = { TGSESSION_STORE: `file:${scratch}/${++stores}` }
    const replica = await openReplica(await readSettings(store, { store: true }))
    await replica.push(await makeSession(dc))
    const { code, stdout } = await cli.run(['run', '--', 'env'], { ...store, ...secrets })
    assert.equal(code, 0)
    assert.match(stdout, /^TGSESSION_FILE=/m)
    assert.doesNotMatch(stdout, /WEB_TOKEN|HEARTBEAT/)
  })

  it('refuses what is no address, no token and no heartbeat, without repeating them', async () => {
    const store = { TGSESSION_STORE: `file:${scratch}/x` }
    const wrong: [string[], Record<string, string>, number][] = [
      [['--health', 'nowhere'], {}, 64],
      [[], { TGSESSION_WEB_TOKEN: 'short-secret' }, 78],
      [[], { TGSESSION_HEARTBEAT: 'http://plain.test/secret' }, 78],
    ]
    for (const [flags, more, expected] of wrong) {
      const { code, stderr } = await cli.run(['run', ...flags, '--', 'true'], { ...store, ...more })
      assert.equal(code, expected, stderr)
      assert.doesNotMatch(stderr, /secret/)
    }
  })
})
