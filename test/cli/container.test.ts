import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Act } from '../../src/cli/demo/act.ts'
import { Dyno } from '../../src/cli/demo/dyno.ts'
import { BareContainer } from '../../src/container/bare-container.ts'
import { FakeDc, type FakeDcEvent } from '../../src/fake-dc/fake-dc.ts'
import { keyFingerprint } from '../../src/session/inspect.ts'
import { Cli, lastJson, type Screen } from '../support/cli/cli.ts'
import { missing, PYTHON } from '../support/requires.ts'
import { API_HASH, API_ID, temporaryFolder } from '../support/rig.ts'
import { type TestDatabase, testDatabase } from '../support/store/sql-servers.ts'
import { until } from '../support/until.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const PEOPLE = ['Alice', 'Bob'].map((firstName, index) => ({
  id: `${firstName} ${index}/x`,
  account: {
    phone: `+1555000110${index}`,
    code: '24680',
    password: 'correct horse',
    firstName,
    userId: 777_101n + BigInt(index),
  },
}))

describe('tgsession with a container', { skip: missing.postgres() || missing.command('script') }, () => {
  const events: FakeDcEvent[] = []
  const dynos: Dyno[] = []
  const lines: string[] = []
  let dc: FakeDc
  let database: TestDatabase
  let scratch: Awaited<ReturnType<typeof temporaryFolder>>
  let cli: Cli
  let env: Record<string, string>
  let dcFlags: string[]

  before(async () => {
    dc = await FakeDc.start({
      accounts: PEOPLE.map(({ account }) => account),
      onEvent: (event) => events.push(event),
    })
    database = await testDatabase('postgres')
    scratch = await temporaryFolder()
    cli = new Cli(scratch.folder)
    const pem = path.join(scratch.folder, 'dc.pem')
    writeFileSync(pem, dc.publicKeyPem)
    dcFlags = ['--dc', `${dc.host}:${dc.port}`, '--dc-key', pem]
    env = {
      TGSESSION_CONTAINER: database.url,
      TGSESSION_KEY: KEY,
      TGSESSION_LEASE_TTL: '15s',
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    }
  })
  after(async () => {
    cli.killAll()
    for (const dyno of dynos) dyno.signal('SIGKILL')
    await Promise.all(dynos.map((dyno) => dyno.ended))
    await dc.close()
    await database.drop()
    await scratch.remove()
  })

  const login = (id: string, ...flags: string[]): Screen =>
    cli.terminal(['login', '--name', id, ...dcFlags, ...flags], env)
  const logInWell = async ({ id, account }: (typeof PEOPLE)[number], ...flags: string[]): Promise<string> => {
    const screen = login(id, ...flags)
    if (flags.includes('--replace')) await screen.answer('Put a new login in its place?', 'y')
    await screen.answer('Phone number', `${account.phone}\r`)
    await screen.answer('Code, sent to', `${account.code}\r`)
    await screen.answer('Password', `${account.password}\r`)
    const { code, text } = await screen.end()
    assert.equal(code, 0, text)
    return text
  }
  /** With the URL as a flag: what stands in the environment is for the command line's other uses. */
  const start = (id: string, bot = [process.execPath, 'examples/ping-bot.ts']): Dyno => {
    const words = ['src/cli/main.ts', 'run', '--container', database.url, '--name', id, '--save-after', '0.2']
    const line = [process.execPath, ...words, '--', ...bot]
    const { TGSESSION_CONTAINER: _, ...others } = env
    const dynoEnv = { PATH: process.env['PATH'], HOME: scratch.folder, ...others }
    const quoted = line.map((word) => `'${word}'`).join(' ')
    const dyno = new Dyno('worker.1', `exec ${quoted}`, dynoEnv, (text) => lines.push(text), ROOT)
    dynos.push(dyno)
    return dyno
  }
  const acts = PEOPLE.map(({ account }) => ({
    ping: async (who: string) => await new Act(dc, account.userId, events, () => undefined).ping(who),
  }))
  const all = async (work: (index: number) => Promise<unknown>): Promise<void> =>
    void (await Promise.all(PEOPLE.map((_, index) => work(index))))

  it('logs several accounts in, once each', async () => {
    for (const person of PEOPLE) {
      const text = await logInWell(person)
      assert.match(text, /Stored as revision 1, key [0-9a-f]{16}/)
      assert.ok(!text.includes('postgres:postgres'))
    }
    const { connections } = dc.stats()
    const { code, text } = await login(PEOPLE[0]?.id ?? '').end()
    assert.equal(code, 76, text)
    assert.match(text, /there is already the session of user 777101, revision 1/)
    assert.equal(dc.stats().connections, connections)
    const rows = await database.run('SELECT outcome FROM tgsession_logins')
    assert.deepEqual(
      rows.map((row) => row['outcome']),
      ['done', 'done'],
    )
  })

  it('runs them side by side through restarts and a kill, with one key each', async () => {
    const first = PEOPLE.map(({ id }) => start(id))
    await all((index) => acts[index]?.ping('First') ?? Promise.reject(new Error('who?')))
    // As Heroku does it: the new one starts while the old one is ending.
    for (const dyno of first) dyno.signal('SIGTERM')
    await sleep(300)
    const second = PEOPLE.map(({ id }) => start(id))
    await all((index) => acts[index]?.ping('Second') ?? Promise.reject(new Error('who?')))
    assert.deepEqual(await Promise.all(first.map(({ ended }) => ended)), [0, 0], lines.join('\n'))
    for (const dyno of second) dyno.signal('SIGKILL')
    await Promise.all(second.map(({ ended }) => ended))
    // Bob's is written in Python from now on, where there is Telethon.
    const python = missing.telethon() === false ? [PYTHON, '-u', 'examples/telethon-bot.py'] : undefined
    const third = PEOPLE.map(({ id }, index) => start(id, index === 1 ? python : undefined))
    await all((index) => acts[index]?.ping('Third') ?? Promise.reject(new Error('who?')))
    for (const dyno of third) dyno.signal('SIGTERM')
    assert.deepEqual(await Promise.all(third.map(({ ended }) => ended)), [0, 0], lines.join('\n'))

    const { logins, duplicates, keys } = dc.stats()
    assert.deepEqual({ logins, duplicates }, { logins: 2, duplicates: 0 })
    assert.ok(lines.some((line) => /event=lease\.waiting holder=worker\.1/.test(line)))
    const container = new BareContainer(database.url, { key: KEY })
    for (const { id, account } of PEOPLE) {
      const opened = await container.open(id)
      const { session, generation } = opened
      const key = session.core.authKey()
      const own = keys.filter(({ userId }) => userId === account.userId)
      assert.deepEqual(
        own.map(({ keyId }) => keyId),
        [key && keyFingerprint(key)],
      )
      // What the last bot learnt was saved: GramJS keeps peers, Telethon where it left the stream of updates.
      const isPython = python !== undefined && id === PEOPLE[1]?.id
      assert.ok(isPython ? session.core.updateState(0) : session.core.findByText('Third'))
      assert.equal(generation, 5)
      await opened.close()
    }
    await container.close()
  })

  it('starts the command again with a login that was put in its place', async () => {
    const person = PEOPLE[0]
    assert.ok(person)
    const { id } = person
    const dyno = start(id)
    await acts[0]?.ping('Fourth')
    const text = await logInWell(person, '--replace')
    assert.match(text, /It is in use by worker\.1 since/)
    await until(() => lines.some((line) => /event=session\.again because=lost/.test(line)), 'the restart')
    await acts[0]?.ping('Fifth')
    dyno.signal('SIGTERM')
    assert.equal(await dyno.ended, 0)
    const { logins, duplicates } = dc.stats()
    assert.deepEqual({ logins, duplicates }, { logins: 3, duplicates: 0 })
  })

  it('lists, exports and imports them, and tells each that fails', async () => {
    const folder = path.join(scratch.folder, 'out')
    const listed = await cli.run(['list', '--json'], env)
    const { sessions } = lastJson<{ sessions: { name: string; current: { userId: string } }[] }>(
      listed.stdout,
    )
    assert.deepEqual(
      sessions.map(({ name, current }) => [name, current.userId]),
      PEOPLE.map(({ id, account }) => [id, String(account.userId)]),
    )
    const exported = await cli.run(['export', folder], env)
    assert.deepEqual([exported.code, exported.stdout], [0, 'Exported 2 of 2 sessions.\n'], exported.stderr)
    assert.deepEqual(readdirSync(folder), ['Alice 0%2Fx.session', 'Bob 1%2Fx.session'])
    assert.equal(statSync(path.join(folder, 'Bob 1%2Fx.session')).mode & 0o777, 0o600)
    assert.equal((await cli.run(['export', folder], env)).code, 73, 'nothing is overwritten')

    writeFileSync(path.join(folder, 'broken.session'), 'SQLite format 3\0')
    const second = { ...env, TGSESSION_TABLE_PREFIX: 'copy_' }
    const imported = await cli.run(['import', '--json', folder], second)
    assert.equal(imported.code, 65)
    const { done, failed } = lastJson<{ done: number; failed: { id: string }[] }>(imported.stdout)
    assert.deepEqual([done, failed.map(({ id }) => id)], [2, ['broken']])

    const file = path.join(folder, 'Bob 1%2Fx.session')
    const text = await cli.run(['convert', file, '--to', 'telethon'], env)
    const list = `# two of them\ncarol ${text.stdout.trim()}\nno-string\n`
    const refused = await cli.run(['import', '--list', '-'], second, list)
    assert.deepEqual([refused.code, refused.stderr.includes('line 3')], [64, true], refused.stderr)
    const listing = await cli.run(['import', '--list', '-'], second, list.replace('no-string', ''))
    assert.deepEqual([listing.code, listing.stdout], [0, 'Imported 1 of 1 sessions.\n'], listing.stderr)
    const names = lastJson<{ sessions: { name: string }[] }>(
      (await cli.run(['list', '--json'], second)).stdout,
    )
    assert.deepEqual(
      names.sessions.map(({ name }) => name),
      [...PEOPLE.map(({ id }) => id), 'carol'],
    )
    assert.ok(cli.printed.every((printed) => !printed.includes(KEY)))
  })

  it('waits without a session, and says what for', async () => {
    const { code, stderr } = await cli.run(['run', '--name', 'nobody', '--max-wait', '20', '--', 'true'], env)
    assert.equal(code, 66)
    assert.match(stderr, /event=session\.waiting for="there is no session named nobody/)
  })

  it('refuses two places at once, and a key that it has not', async () => {
    const both = await cli.run(['run', '--store', 'file:./x', '--container', database.url, '--', 'true'], env)
    assert.equal(both.code, 64)
    const { TGSESSION_KEY: _, ...keyless } = env
    const none = await cli.run(['run', '--', 'true'], keyless)
    assert.equal(none.code, 78)
    assert.match(none.stderr, /TGSESSION_KEY is missing/)
    const wrong = await cli.run(['run', '--name', PEOPLE[1]?.id ?? '', '--', 'true'], {
      ...env,
      TGSESSION_KEY: KEY.replaceAll('0', '1'),
    })
    assert.equal(wrong.code, 65)
    assert.match(wrong.stderr, /cannot be decrypted/)
  })
})
