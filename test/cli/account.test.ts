import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import type { Head } from '../../src/replica/head.ts'
import { verifySession } from '../../src/session/inspect.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'
import { SCHEMAS } from '../support/cli/json-schemas.ts'
import { ACCOUNT, API_HASH, makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('check, fork and logout', () => {
  let dc: FakeDc
  const scratch = temporaryFolder()
  let cli: Cli
  let env: Record<string, string>
  let pem: string
  let stores = 0
  before(async () => {
    dc = await startDc()
    cli = new Cli(scratch)
    pem = path.join(scratch, 'dc.pem')
    writeFileSync(pem, dc.publicKeyPem)
  })
  after(async () => {
    assert.equal(dc.stats().duplicates, 0)
    await dc.close()
  })
  beforeEach(async () => {
    env = {
      TGSESSION_STORE: `file:${scratch}/${++stores}`,
      TGSESSION_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
      TELEGRAM_API_ID: '12345',
      TELEGRAM_API_HASH: API_HASH,
    }
    await push(await makeSession(dc))
  })
  afterEach(() => cli.killAll())

  const push = async (bytes: Uint8Array): Promise<void> => {
    const replica = await openReplica(await readSettings(env, { store: true }))
    await replica.push(bytes)
    await replica.store.close()
  }
  const headOf = async (name = 'main'): Promise<Head> => {
    const replica = await openReplica(await readSettings({ ...env, TGSESSION_NAME: name }, { store: true }))
    const head = await replica.status()
    await replica.store.close()
    return head
  }
  const hold = async (): Promise<() => Promise<void>> => {
    const settings = await readSettings({ ...env, DYNO: 'worker.7' }, { store: true })
    const replica = await openReplica(settings)
    const lease = await replica.lease()
    return async () => {
      await lease.release()
      await replica.store.close()
    }
  }

  it('check says that it lives, and leaves the lease free; nothing but that is in the head', async () => {
    const first = await headOf()
    const { code, stdout, stderr } = await cli.run(['check', '--json'], env)
    assert.equal(code, 0, stderr)
    const said = lastJson(stdout)
    assert.deepEqual(
      [said['state'], said['bot'], said['userId'], said['frozenUntil']],
      ['alive', false, String(ACCOUNT.userId), null],
    )
    const { holder, current, events, logins, notice } = await headOf()
    assert.deepEqual([holder, current, logins, notice], [null, first.current, first.logins, null])
    assert.deepEqual(
      events.map((event) => [event.code, Object.keys(event).toSorted()]),
      [['check.alive', ['at', 'code']]],
    )
    const short = await cli.run(['whoami'], env)
    assert.equal(short.code, 0)
    assert.match(short.stdout, /state +alive/)
    assert.match(short.stdout, /days without use/)
  })

  it('check shows what the holder found while one has the lease, and asks Telegram nothing', async () => {
    const release = await hold()
    const requests = dc.stats().connections
    const { code, stdout, stderr } = await cli.run(['check'], env)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /in use +by worker\.7 since/)
    for (const args of [
      ['logout', '--yes'],
      ['check', '--json'],
    ])
      await cli.run(args, env)
    const refused = await cli.run(['logout', '--yes'], env)
    assert.equal(refused.code, 75)
    assert.match(refused.stderr, /worker\.7/)
    assert.equal(dc.stats().connections, requests)
    await release()
  })

  it('logout ends it at Telegram and marks the head; then nothing connects with it any more', async () => {
    const asks = await cli.run(['logout'], env)
    assert.equal(asks.code, 64, 'there is nobody to ask')
    const { code, stdout, stderr } = await cli.run(['logout', '--yes', '--json'], env)
    assert.equal(code, 0, stderr)
    const { outcome, keyFingerprint } = SCHEMAS.logout.parse(lastJson(stdout))
    const { current, holder } = await headOf()
    assert.deepEqual([outcome, keyFingerprint], ['loggedOut', current?.keyFingerprint])
    assert.deepEqual([current?.dead, holder], ['loggedOut', null])
    const keyOf = () => dc.stats().keys.find(({ keyId }) => keyId === current?.keyFingerprint)
    assert.equal(keyOf()?.state, 'loggedOut')
    const asItWas = JSON.stringify(keyOf())
    for (const words of [['check'], ['logout', '--yes']]) {
      const dead = await cli.run(words, env)
      assert.equal(dead.code, 76, dead.stderr)
      assert.match(dead.stderr, /ended the key of this session \(loggedOut\)/)
    }
    assert.equal(JSON.stringify(keyOf()), asItWas, 'nothing was sent with it')
  })

  it('fork stores a second login under another name, at a terminal, with the password', async () => {
    const screen = cli.terminal(['fork', '--name', 'laptop', '--dc-key', pem], env)
    await screen.answer('Password of two-step verification', `${ACCOUNT.password}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    assert.match(text, /Stored a second login of user 777001 as laptop/)
    const [main, laptop] = [await headOf(), await headOf('laptop')]
    assert.notEqual(main.current?.keyFingerprint, laptop.current?.keyFingerprint)
    assert.equal(laptop.current?.userId, main.current?.userId)
    assert.deepEqual([main.holder, laptop.holder, laptop.logins.at(-1)?.outcome], [null, null, 'done'])
    const both = await cli.run(['check', '--name', 'laptop', '--json'], env)
    assert.equal(lastJson(both.stdout)['state'], 'alive')
    assert.equal((await cli.run(['check'], env)).code, 0)
  })

  it('fork writes a file, counts the login where it came from, and refuses what it may not do', async () => {
    const file = path.join(scratch, 'laptop.session')
    const screen = cli.terminal(['fork', '-o', file, '--dc-key', pem, '--json'], env)
    await screen.answer('Password of two-step verification', `${ACCOUNT.password}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    const { userId } = await verifySession(readFileSync(file))
    const made = SCHEMAS.fork.parse(JSON.parse(/^\{.*\}/m.exec(text)?.[0] ?? ''))
    assert.deepEqual([made.file, made.name, made.userId], [file, null, userId])
    assert.equal(userId, String(ACCOUNT.userId))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal((await headOf()).logins.at(-1)?.outcome, 'forked')
    for (const args of [[], ['--name', 'main'], ['--name', 'x', '-o', 'y'], ['-o', file]]) {
      const refused = await cli.terminal(['fork', ...args], env).end()
      assert.equal(refused.code, 64, args.join(' '))
    }
    assert.equal((await cli.run(['fork', '--name', 'x'], env)).code, 64, 'without a terminal')
    const release = await hold()
    const held = await cli.terminal(['fork', '--name', 'x', '--dc-key', pem], env).end()
    assert.equal(held.code, 75)
    assert.match(held.text, /worker\.7/)
    assert.ok(!existsSync(path.join(scratch, String(stores), 'x')))
    await release()
  })
})
