import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { Dyno } from '../../src/cli/demo/dyno.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { convertToString } from '../../src/session/convert.ts'
import { inspectSession, verifySession } from '../../src/session/inspect.ts'
import { parseS3Url } from '../../src/store/s3/location.ts'
import { S3Store } from '../../src/store/s3/s3-store.ts'
import { Cli } from '../support/cli/cli.ts'
import { missing } from '../support/requires.ts'
import { S3Server } from '../support/store/s3-server.ts'
import {
  ACCOUNT,
  API_HASH,
  entityNames,
  isAlive,
  makeSession,
  openTestReplica,
  startDc,
} from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const WRITES = path.join(ROOT, 'test/run/programs/write.ts')
/** For a test that waits until a lease has run out. */
const BRIEF = { TGSESSION_LEASE_TTL: '4s' }
const SERVE = [process.execPath, path.join(ROOT, 'test/run/programs/serve.ts')]

describe('tgsession run', () => {
  let dc: FakeDc
  let session: Uint8Array
  const scratch = temporaryFolder()
  let cli: Cli
  let env: Record<string, string>
  let log: string
  let replica: Replica
  let stores = 0

  before(async () => {
    dc = await startDc()
    session = await makeSession(dc)
    cli = new Cli(scratch)
  })
  after(async () => {
    await dc.close()
  })
  beforeEach(async () => {
    log = path.join(scratch, `${++stores}.log`)
    env = {
      TGSESSION_STORE: `file:${scratch}/${stores}`,
      TGSESSION_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
      TGSESSION_LEASE_TTL: '15s',
      TELEGRAM_API_ID: '12345',
      TELEGRAM_API_HASH: API_HASH,
      LOG: log,
    }
    replica = await openReplica(await readSettings(env, { store: true }))
    await replica.push(session)
  })
  afterEach(() => cli.killAll())

  const pidOf = async (): Promise<number> => {
    const pid = await until(
      () => (existsSync(log) ? /^start (\d+)$/m.exec(readFileSync(log, 'utf8'))?.[1] : undefined),
      'the start of the program',
    )
    return Number(pid)
  }
  const starts = (): number => readFileSync(log, 'utf8').match(/^start/gm)?.length ?? 0
  const start = (argv: string[], more: Record<string, string> = {}): ChildProcess =>
    cli.start(['run', '--', ...argv], { ...env, ...more })

  it('passes stdin, stdout, stderr, arguments and the exit code through; its own words go to stderr', async () => {
    const script =
      'process.stdin.on("data", (d) => { process.stdout.write(d); console.error(process.argv[1]); process.exit(3) })'
    const { code, stdout, stderr } = await cli.run(
      ['run', '--', process.execPath, '-e', script, '$HOME *'],
      env,
      'over here',
    )
    assert.equal(code, 3)
    assert.equal(stdout, 'over here')
    assert.match(stderr, /^\$HOME \*$/m)
    assert.match(stderr, /^at=tgsession event=session\.restored revision=1 bytes=\d+ key=[0-9a-f]{16}$/m)
    assert.ok(!stderr.includes('\u001b'))
  })

  it('takes options of the command for the command', async () => {
    const { code, stdout } = await cli.run(['run', 'echo', '--max-wait', '--json'], env)
    assert.equal(code, 0)
    assert.equal(stdout, '--max-wait --json\n')
  })

  it('ends with 64 where the program is missing', async () => {
    const { code, stderr } = await cli.run(['run', '--', 'no-such-program'], env)
    assert.equal(code, 64)
    assert.match(stderr, /cannot start no-such-program/)
    assert.equal((await replica.status()).holder, null)
  })

  it('hands SIGTERM on, saves what the program wrote then, and ends with its code', async () => {
    const child = start(SERVE, { SLOW_MS: '200' })
    const finished = cli.finish(child)
    await pidOf()
    child.kill('SIGTERM')
    child.kill('SIGTERM')
    const { code, stderr } = await finished
    assert.equal(code, 7, stderr)
    assert.equal(readFileSync(log, 'utf8').match(/SIGTERM/g)?.length, 1)
    assert.deepEqual(await entityNames((await replica.restore()).bytes), ['Rig', 'written on TERM'])
    assert.equal((await replica.status()).holder, null)
  })

  it('hands nothing on where DYNO is set, and kills the program at 60 % of the time', async () => {
    const child = start(SERVE, { DYNO: 'worker.1', TGSESSION_SHUTDOWN: '10s' })
    const finished = cli.finish(child)
    const pid = await pidOf()
    const at = performance.now()
    child.kill('SIGTERM')
    const { code } = await finished
    assert.equal(code, 137)
    const tookMs = performance.now() - at
    assert.ok(tookMs > 5500 && tookMs < 10_000, `${tookMs} ms`)
    assert.doesNotMatch(readFileSync(log, 'utf8'), /SIGTERM/)
    assert.ok(!isAlive(pid))
  })

  it(
    'takes the program with it when it is killed; another takes over after the time-to-live',
    { skip: missing.command('setpriv') },
    async () => {
      const first = start(SERVE, BRIEF)
      const pid = await pidOf()
      const { generation } = await replica.status()
      const killedAt = performance.now()
      first.kill('SIGKILL')
      await until(() => !isAlive(pid), 'the end of the program')
      const second = start(SERVE, BRIEF)
      const finished = cli.finish(second)
      await until(() => starts() === 2, 'the second start')
      // The last renewal may have been a third of the TTL before the kill.
      const tookMs = performance.now() - killedAt
      assert.ok(tookMs > 2600, `${tookMs} ms`)
      assert.equal((await replica.status()).generation, generation + 1)
      second.kill('SIGTERM')
      assert.match((await finished).stderr, /event=lease\.waiting holder=\S+ since=/)
    },
  )

  it('takes along what the program has started, too', { skip: process.platform !== 'linux' }, async () => {
    const [node = '', script = ''] = SERVE
    const child = start(['sh', '-c', `'${node}' '${script}'; exit 1`], BRIEF)
    const pid = await pidOf()
    child.kill('SIGKILL')
    await until(() => !isAlive(pid), 'the end of the grandchild')
  })

  it('runs on, saves and releases when whoever reads its log has left', async () => {
    const child = start(SERVE)
    await pidOf()
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.kill('SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, 200))
    child.kill('SIGUSR2')
    child.kill('SIGTERM')
    await once(child, 'exit')
    assert.equal(child.exitCode, 7)
    const { holder, current } = await replica.status()
    assert.equal(holder, null)
    assert.ok((current?.revision ?? 0) > 1, 'what was written at the end is saved')
  })

  it(
    'shows at a terminal how far a long transfer is, before the command and after it',
    {
      skip: missing.command('script'),
    },
    async () => {
      const bucket = await S3Server.start()
      try {
        env = {
          ...env,
          TGSESSION_STORE: bucket.url(),
          AWS_ACCESS_KEY_ID: 'testkey',
          AWS_SECRET_ACCESS_KEY: 'x',
        }
        const credentials = { accessKeyId: 'testkey', secretAccessKey: 'x' }
        const there = openTestReplica(new S3Store(parseS3Url(bucket.url()), { credentials }))
        await there.push(session)
        const slow = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
        bucket.fault({ method: 'GET', key: 'revisions/', act: { wait: slow[0].promise } })
        const screen = cli.terminal(['run', '--', ...SERVE], env)
        await screen.answer('Fetching the session', '')
        slow[0].resolve()
        await pidOf()
        bucket.fault({ method: 'PUT', key: 'revisions/', act: { wait: slow[1].promise } })
        const [pid] = readFileSync(
          `/proc/${screen.child.pid}/task/${screen.child.pid}/children`,
          'utf8',
        ).split(' ')
        process.kill(Number(pid), 'SIGTERM')
        await screen.answer('Saving the session', '')
        slow[1].resolve()
        const { code, text } = await screen.end()
        assert.equal(code, 7, text)
        assert.match(text, /\rtgsession session saved: revision=2 bytes=\d+\r\n/)
        assert.equal((await there.status()).holder, null)
        await there.store.close()
      } finally {
        await bucket.close()
      }
    },
  )

  it('saves and releases on SIGQUIT as on SIGTERM, and opens no inspector on SIGUSR1', async () => {
    const child = start(SERVE)
    const finished = cli.finish(child)
    await pidOf()
    child.kill('SIGUSR1')
    child.kill('SIGQUIT')
    const { code, stderr } = await finished
    assert.equal(code, 7)
    assert.match(stderr, /event=session\.saved revision=2/)
    assert.match(stderr, /event=lease\.released/)
    assert.doesNotMatch(stderr, /[Dd]ebugger/)
    assert.match(readFileSync(log, 'utf8'), /^SIGTERM/m)
  })

  it('says so where it may open too few files', { skip: missing.command('bash') }, async () => {
    const line = 'ulimit -n 24; exec "$0" "$@"'
    const { code, stderr } = await cli.under(['bash', '-c', line], ['run', '--', 'true'], env)
    assert.equal(code, 71, stderr)
    assert.match(stderr, /may open 24 files at a time.*\n.*ulimit -n/)
  })

  it('warns where npm has started it on a host', { skip: missing.command('bash') }, async () => {
    const line = `exec -a 'npm exec tgsession run' sh -c '"$0" "$@"; exit $?' "$0" "$@"`
    const npm = await cli.under(['bash', '-c', line], ['run', '--', 'true'], { ...env, DYNO: 'worker.1' })
    assert.equal(npm.code, 0, npm.stderr)
    assert.match(npm.stderr, /event=warning message="npm started this process/)
    const { stderr } = await cli.run(['run', '--', 'true'], { ...env, DYNO: 'worker.1' })
    assert.doesNotMatch(stderr, /npm started/)
  })

  it('tells on SIGUSR2 how things stand', async () => {
    const child = start(SERVE)
    const finished = cli.finish(child)
    await pidOf()
    child.kill('SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, 200))
    child.kill('SIGTERM')
    const { code, stderr } = await finished
    assert.equal(code, 7)
    assert.match(
      stderr,
      /^at=tgsession event=status lease=true generation=1 revision=1 age=null bytes=\d+ waits=0 conflicts=0$/m,
    )
  })

  it('gives the session as a string to a program that reads one, and saves nothing', async () => {
    const script = 'console.log(JSON.stringify([process.env.STRING, process.env.TGSESSION_FILE ?? null]))'
    for (const format of ['telethon', 'gramjs', 'pyrogram', 'mtcute']) {
      const argv = ['run', '--session-env', `STRING=${format}`, '--', process.execPath, '-e', script]
      const { code, stdout, stderr } = await cli.run(argv, env)
      assert.equal(code, 0, stderr)
      const [text, file] = JSON.parse(stdout)
      assert.equal(file, null)
      const found = await inspectSession(Buffer.from(text))
      assert.equal(found.keyFingerprint, (await verifySession(session)).keyFingerprint, format)
      assert.match(stderr, /event=session\.string variable=STRING saved=false/)
      assert.ok(!stderr.includes(text))
    }
    assert.equal((await replica.status()).current?.revision, 1)
    const { code, stderr } = await cli.run(['run', '--session-env', 'STRING=other', '--', 'true'], env)
    assert.equal(code, 64)
    assert.match(stderr, /NAME=FORMAT/)
  })

  it('stores what TGSESSION_IMPORT names, warns while it is there, and keeps the string from the command', async () => {
    const text = await convertToString(session, 'telethon')
    const importing = {
      ...env,
      TGSESSION_STORE: `file:${scratch}/${stores}-moved`,
      TGSESSION_IMPORT: 'SESSION_STRING',
      TGSESSION_IMPORT_WAIT: '0',
      SESSION_STRING: text,
    }
    const script =
      'console.log(JSON.stringify([process.env.TGSESSION_IMPORT ?? null, process.env.SESSION_STRING ?? null]))'
    const argv = ['--', process.execPath, '-e', script]
    const first = await cli.run(['run', '--pass-env', ...argv], importing)
    assert.equal(first.code, 0, first.stderr)
    assert.match(first.stderr, /event=session\.imported revision=1/)
    assert.match(first.stderr, /TGSESSION_IMPORT is set: the session lies there readable/)
    assert.deepEqual(JSON.parse(first.stdout), [null, null])
    const given = await cli.run(['run', '--session-env', 'SESSION_STRING=pyrogram', ...argv], importing)
    assert.doesNotMatch(given.stderr, /event=(?:session\.imported|import\.)/)
    const [, other] = JSON.parse(given.stdout)
    assert.ok(typeof other === 'string' && other !== text)
    for (const said of [first.stderr, given.stderr]) assert.ok(!said.includes(text.slice(0, 40)))
    const { stdout } = await cli.run(['doctor'], importing)
    assert.match(stdout, /warning +store safety +TGSESSION_IMPORT is set/)
    const { stdout: shown } = await cli.run(['config'], importing)
    assert.match(shown, /^import +set \(hidden\)$/m)
  })

  it('takes --save-after, and refuses what is no time', async () => {
    const child = cli.start(['run', '--save-after', '0.2', '--', process.execPath, WRITES], {
      ...env,
      COUNT: '3',
    })
    const finished = cli.finish(child)
    await until(async () => ((await replica.status()).current?.revision ?? 0) > 1, 'a save')
    child.kill('SIGTERM')
    assert.equal((await finished).code, 0)
    for (const flag of ['--save-after', '--max-wait']) {
      const { code, stderr } = await cli.run(['run', flag, 'soon', '--', 'true'], env)
      assert.equal(code, 64)
      assert.match(stderr, /must be a time from/)
    }
    const { code, stderr } = await cli.run(['run', '--', 'true'], { ...env, TGSESSION_SAVE_AFTER: 'soon' })
    assert.equal(code, 78)
    assert.match(stderr, /TGSESSION_SAVE_AFTER must be between/)
  })

  it(
    'hands over between two dynos with the line of the Procfile, and no key is used twice',
    { skip: dist() },
    async () => {
      const line = /^worker: (.+)$/m.exec(readFileSync(path.join(ROOT, 'Procfile'), 'utf8'))?.[1] ?? ''
      const shown: string[] = []
      const dyno = (): Dyno =>
        new Dyno('worker.1', `cd '${ROOT}' && ${line}`, { ...process.env, ...env }, (text) =>
          shown.push(text),
        )
      const dynos = [dyno()]
      try {
        await pong(dc)
        dynos[0]!.signal('SIGTERM')
        dynos.push(dyno())
        assert.equal(await dynos[0]!.ended, 0)
        await pong(dc)
        assert.equal(dc.stats().duplicates, 0)
        assert.equal(dc.stats().keys.filter(({ state }) => state === 'authorised').length, 1)
        dynos[1]!.signal('SIGTERM')
        assert.equal(await dynos[1]!.ended, 0)
        assert.equal((await replica.status()).holder, null)
      } catch (error) {
        throw new Error(`the dynos said:\n${shown.join('\n')}`, { cause: error })
      } finally {
        for (const one of dynos) one.signal('SIGKILL')
      }
      for (const text of shown) assert.ok(!text.includes(API_HASH) && !text.includes(env['TGSESSION_KEY']!))
    },
  )
})

/** Writes `.ping` into Saved Messages until a bot answers. */
async function pong(dc: FakeDc): Promise<void> {
  const messagesBefore = dc.messages(ACCOUNT.userId).length
  await until(() => dc.stats().keys.some(({ open }) => open > 0), 'a connection')
  let askedAt = 0
  await until(() => {
    const news = dc.messages(ACCOUNT.userId).slice(messagesBefore)
    if (news.some(({ text }) => text.startsWith('pong'))) return true
    if (performance.now() - askedAt > 1000) {
      dc.sendMessage(ACCOUNT.userId, '.ping')
      askedAt = performance.now()
    }
    return false
  }, 'an answer')
}

function dist(): string | false {
  return existsSync(path.join(ROOT, 'dist/scripts/bootstrap.js'))
    ? false
    : 'dist/ is not built (npm run build)'
}
