import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { Head } from '../../src/replica/head.ts'
import { inspectSession } from '../../src/session/inspect.ts'
import { Cli, type CliResult, lastJson } from '../support/cli/cli.ts'
import { S3Server } from '../support/store/s3-server.ts'
import { ACCOUNT, API_HASH, keyTexts } from '../support/rig.ts'
import { rigSession } from '../replica/support/sessions.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const OTHER_KEY = 'ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const S3_SECRET = 'aSecretThatOpensTheBucket0123456789abcdef'
const COMMANDS =
  'login run status doctor push pull inspect convert list history rollback promote unlock delete keygen config'.split(
    ' ',
  )

const error = ({ stdout }: CliResult): Record<string, unknown> =>
  lastJson<{ error: Record<string, unknown> }>(stdout).error

describe('tgsession', () => {
  const scratch = temporaryFolder()
  let cli: Cli
  let session: Uint8Array
  let file: string
  let unreachable: Promise<CliResult[]>
  const secrets = new Set([KEY, OTHER_KEY, API_HASH, S3_SECRET, ACCOUNT.password])

  before(async () => {
    session = await rigSession()
    cli = new Cli(scratch)
    file = path.join(scratch, 'made.session')
    writeFileSync(file, session)
    for (const text of keyTexts(file)) secrets.add(text)
    unreachable = atClosedPort()
  })
  after(async () => {
    cli.killAll()
  })

  const envOf = (store: string): Record<string, string> => ({
    TGSESSION_STORE: `file:${scratch}/${store}`,
    TGSESSION_KEY: KEY,
    TELEGRAM_API_ID: '12345',
    TELEGRAM_API_HASH: API_HASH,
  })
  /** Every file of a store and its content. */
  const everything = (store: string): Record<string, string> => {
    const folder = path.join(scratch, store)
    if (!existsSync(folder)) return {}
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
    return Object.fromEntries(
      names.map((name) => {
        const full = path.join(folder, name)
        return [name, statSync(full).isFile() ? readFileSync(full, 'base64') : 'folder']
      }),
    )
  }
  it('shows an example in the help of every command, and ends with 0', async () => {
    const helps = await Promise.all(
      [[], ...COMMANDS.map((name) => [name])].map((args) => cli.run([...args, '--help'])),
    )
    for (const { code, stdout, stderr } of helps) {
      assert.equal(code, 0)
      assert.match(stdout, /Examples?[^]*\$ .*tgsession|Examples?[^]*\$ heroku/, stdout)
      assert.equal(stderr, '')
    }
  })

  it('ends with 64 for what it does not know', async () => {
    for (const args of [
      ['logn'],
      ['status', '--nonsense'],
      ['run'],
      ['push'],
      ['run', '--max-wait', 'soon', '--', 'true'],
    ]) {
      const { code, stderr } = await cli.run(args, envOf('usage'))
      assert.equal(code, 64, `${args.join(' ')}: ${stderr}`)
      assert.notEqual(stderr, '')
    }
  })

  it('says what is wrong with the command line as it says all else, and repeats no secret of it', async () => {
    const url = `postgres://me:it's hush@host/db`
    for (const [args, message, hint] of [
      [['status', '--nmae', 'x'], /unknown option --nmae .*--name/s, '`tgsession status --help`'],
      [['status', `--sotre=${url}`], /unknown option --sotre/, '`tgsession status --help`'],
      [['status', url], /too many arguments/, '`tgsession status --help`'],
      [['rollback', url], /whole number/, '`tgsession rollback --help`'],
      [
        ['run', '--max-wait', `${url}' is invalid. x`, 'true'],
        /option '--max-wait <time>'.* such as 30s/,
        '`tgsession run',
      ],
      [['convert', 'x', '--to', 'hush'], /--to <format>.*gramjs/, '`tgsession convert'],
      [[url], /unknown command/, '`tgsession --help`'],
    ] as const) {
      const { code, stdout, stderr } = await cli.run([...args, '--json'], {})
      // Standard output of `run` belongs to its command.
      const told = lastJson<{ error: Record<string, string> }>(args[0] === 'run' ? stderr : stdout).error
      assert.deepEqual([code, told['code'], told['exitCode']], [64, 'usage.command_line', 64])
      assert.match(told['message'] ?? '', message)
      assert.ok(told['hint']?.includes(hint), told['hint'])
      assert.match(stderr, args[0] === 'run' ? /^\{"error":/ : /^tgsession: /)
      assert.ok(!/hush/i.test(stdout + stderr), stdout + stderr)
    }
    const alone = await cli.run([], {})
    assert.deepEqual([alone.code, alone.stdout], [64, ''])
    assert.match(alone.stderr, /^Usage: tgsession/)
  })

  it('says why it waits where the store does not answer', async () => {
    for (const args of [['status'], ['push', file], ['doctor']]) {
      const child = cli.start(args, { ...envOf('x'), TGSESSION_STORE: 'postgres://me:hush@127.0.0.1:9/db' })
      const told = String(await once(child.stderr!, 'data'))
      assert.match(told, /^tgsession: postgres:.*ECONNREFUSED.*trying again\n/)
      child.kill()
      await once(child, 'close')
    }
  })

  it('ends in peace when its reader leaves', async () => {
    const child = cli.start(['--help'], {})
    child.stdout?.destroy()
    const { code, stderr } = await cli.finish(child)
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('names every missing variable in one message', async () => {
    const { code, stderr } = await cli.run(['push', file], {
      TGSESSION_STORE: 's3://bucket',
      TGSESSION_NAME: 'Not A Name',
      TGSESSION_LEASE_TTL: 'x',
    })
    assert.equal(code, 78)
    for (const name of ['TGSESSION_KEY', 'TGSESSION_NAME', 'TGSESSION_LEASE_TTL'])
      assert.match(stderr, new RegExp(name))
    assert.doesNotMatch(stderr, /Not A Name/)
    const nothing = await cli.run(['status', '--json'], {})
    assert.equal(nothing.code, 78)
    assert.equal(error(nothing)['code'], 'config.invalid')
    assert.match(nothing.stderr, /TGSESSION_STORE.*for example/)
  })

  it('does not echo a session that was put where a name or a file belongs', async () => {
    const string = `1${'Ab3-_'.repeat(70)}A=`
    secrets.add(string.slice(0, 60))
    const wrong = [
      cli.run(['status'], { ...envOf('echo'), TGSESSION_NAME: string }),
      cli.run(['status', '--name', string], envOf('echo')),
      cli.run(['push', string], envOf('echo')),
      cli.run(['inspect', string], envOf('echo')),
      cli.run(['status', '--store', string], envOf('echo')),
      cli.run(['status'], { ...envOf('echo'), TGSESSION_STORE: string }),
      cli.run(['pull', string], envOf('echo')),
    ]
    for (const { code, stdout, stderr } of await Promise.all(wrong)) {
      assert.notEqual(code, 0)
      assert.ok(!`${stdout}${stderr}`.includes(string.slice(0, 60)), stderr)
    }
  })

  it('pushes a session, says what is there, and pulls it again', async () => {
    const env = envOf('round')
    const empty = await cli.run(['status'], env)
    assert.equal(empty.code, 0)
    assert.match(empty.stdout, /none yet: make one with `tgsession login`/)

    const pushed = await cli.run(['push', file, '--json'], env)
    assert.equal(pushed.code, 0, pushed.stderr)
    const { keyFingerprint } = await inspectSession(session)
    assert.deepEqual(lastJson(pushed.stdout), { outcome: 'saved', revision: 1, keyFingerprint })
    const again = await cli.run(['push', file, '--json'], env)
    assert.equal(lastJson(again.stdout)['outcome'], 'unchanged')

    const { stdout } = await cli.run(['status', '--json'], env)
    const status = lastJson<Head & { name: string; recipient: string }>(stdout)
    assert.equal(status.name, 'main')
    assert.equal(status.holder, null)
    assert.ok(status.current)
    assert.equal(status.current.userId, String(ACCOUNT.userId))
    assert.equal(status.current.bytes, session.length)
    assert.match(status.recipient, /^age1/)

    const pulled = await cli.run(['pull', 'out.session', '--json'], env)
    assert.equal(pulled.code, 0, pulled.stderr)
    const out = path.join(scratch, 'out.session')
    assert.deepEqual(new Uint8Array(readFileSync(out)), session)
    assert.equal(statSync(out).mode & 0o777, 0o600)
    assert.equal(lastJson(pulled.stdout)['keyFingerprint'], keyFingerprint)

    const piped = await cli.under(['sh', '-c', '"$@" > piped.session', 'sh'], ['pull', '-o', '-'], env)
    assert.match(piped.stderr, /^Wrote revision 1 to standard output /)
    assert.deepEqual(new Uint8Array(readFileSync(path.join(scratch, 'piped.session'))), session)

    writeFileSync(out, 'mine')
    const refused = await cli.run(['pull', 'out.session'], env)
    assert.equal(refused.code, 64)
    assert.match(refused.stderr, /--overwrite/)
    assert.equal(readFileSync(out, 'utf8'), 'mine')
    const foreign = await cli.run(['pull', 'out.session', '--overwrite'], env)
    assert.equal(foreign.code, 78, 'a file that is no session is not replaced, whatever was asked')
    assert.equal(readFileSync(out, 'utf8'), 'mine')
    writeFileSync(out, session)
    assert.equal((await cli.run(['pull', 'out.session', '--overwrite'], env)).code, 0)
  })

  it('says that there is no session to pull', async () => {
    const pulled = await cli.run(['pull', 'none.session', '--json'], envOf('empty'))
    assert.equal(pulled.code, 66)
    assert.equal(error(pulled)['code'], 'session.none')
    assert.ok(!existsSync(path.join(scratch, 'none.session')))
  })

  it('cannot be opened with another key, and says that it is the key', async () => {
    const env = envOf('keyed')
    await cli.run(['push', file], env)
    const pulled = await cli.run(['pull', 'keyed.session'], { ...env, TGSESSION_KEY: OTHER_KEY })
    assert.equal(pulled.code, 78)
    assert.match(pulled.stderr, /TGSESSION_KEY/)
    assert.doesNotMatch(pulled.stderr, /tgsession login|log in/i)
  })

  it('pulls to one place: of two none is chosen', async () => {
    const env = envOf('two-places')
    await cli.run(['push', file], env)
    const refused = await cli.run(['pull', 'one.session', '-o', 'other.session', '--json'], env)
    assert.deepEqual([refused.code, error(refused)['code']], [64, 'pull.two_files'])
    for (const name of ['one.session', 'other.session']) assert.ok(!existsSync(path.join(scratch, name)))
    assert.equal((await cli.run(['pull', 'one.session', '-o', 'one.session'], env)).code, 0)
  })

  it('pulls nothing while an instance uses it, unless a copy is asked for', async () => {
    const env = envOf('held')
    await cli.run(['push', file], env)
    const replica = await openReplica(await readSettings({ ...env, DYNO: 'worker.7' }, { store: true }))
    const lease = await replica.lease()
    try {
      const refused = await cli.run(['pull', 'held.session', '--json'], env)
      assert.equal(refused.code, 75)
      assert.match(String(error(refused)['message']), /worker\.7/)
      assert.match(refused.stderr, /kill/)
      assert.ok(!existsSync(path.join(scratch, 'held.session')))
      const status = await cli.run(['status'], env)
      assert.match(status.stdout, /in use +by worker\.7 since/)
      const copied = await cli.run(['pull', 'held.session', '--copy'], env)
      assert.equal(copied.code, 0)
      assert.match(copied.stderr, /Do not connect/)
    } finally {
      await lease.release()
    }
  })

  it('refuses bad files and touches nothing in the store', async () => {
    const env = envOf('bad')
    await cli.run(['push', file], env)
    const untouched = everything('bad')
    const string = `1${Buffer.alloc(263, 9).toString('base64url')}=`
    secrets.add(string.slice(0, 40))
    const bad: Record<string, Uint8Array | string> = {
      'garbage.session': Buffer.alloc(5000, 0xa7),
      'empty.session': '',
      'truncated.session': session.subarray(0, session.length - 4096),
      'torn.session': session.subarray(0, 5000),
      'page.session': '<!doctype html><title>403</title>',
      'string.session': `${string.slice(0, -2)}\n`,
      'foreign.session': (() => {
        const name = path.join(scratch, 'foreign.db')
        const database = new DatabaseSync(name)
        database.exec('CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES (1)')
        database.close()
        return readFileSync(name)
      })(),
    }
    for (const [name, bytes] of Object.entries(bad)) {
      const full = path.join(scratch, name)
      writeFileSync(full, bytes)
      for (const command of ['push', 'inspect']) {
        const { code, stderr } = await cli.run([command, full], env)
        assert.equal(code, 65, `${command} ${name}: ${stderr}`)
        assert.ok(!stderr.includes(string.slice(0, 40)))
      }
    }
    assert.equal((await cli.run(['push', path.join(scratch, 'not-there.session')], env)).code, 66)
    assert.deepEqual(everything('bad'), untouched)
  })

  it('inspects a session without showing its key', async () => {
    const { code, stdout } = await cli.run(['inspect', file, '--json'])
    assert.equal(code, 0)
    const report = lastJson(stdout)
    assert.equal(report['format'], 'telethon')
    assert.equal(report['keyFingerprint'], (await inspectSession(session)).keyFingerprint)
    assert.equal(report['userId'], String(ACCOUNT.userId))
    assert.match((await cli.run(['inspect', file])).stdout, /keyFingerprint +[0-9a-f]{16}/)
  })

  it('makes keys: the line on stdout works, both its forms, and the public half alone can push', async () => {
    const made = await cli.run(['keygen'])
    assert.equal(made.code, 0)
    assert.match(made.stdout, /^AGE-SECRET-KEY-1[0-9A-Z]+\n$/)
    assert.ok(!made.stderr.includes(made.stdout.trim()))
    const recipient = /age1[0-9a-z]+/.exec(made.stderr)?.[0] ?? ''
    const key = made.stdout.trim()
    assert.equal((await cli.run(['keygen', '--recipient'], { TGSESSION_KEY: key })).stdout, `${recipient}\n`)
    assert.equal((await cli.run(['keygen', '--from-env'], { TGSESSION_KEY: key })).stdout, `${key}\n`)
    const fromHex = await cli.run(['keygen', '--from-env'], { TGSESSION_KEY: KEY })
    assert.match(fromHex.stdout, /^AGE-SECRET-KEY-1/)
    assert.equal((await cli.run(['keygen', '--recipient'])).code, 78)

    const { TGSESSION_KEY: _, ...env } = envOf('recipient')
    const pushed = await cli.run(['push', file, '--json'], { ...env, TGSESSION_RECIPIENT: recipient })
    assert.equal(pushed.code, 0, pushed.stderr)
    const pulled = await cli.run(['pull', 'recipient.session'], { ...env, TGSESSION_KEY: key })
    assert.equal(pulled.code, 0, pulled.stderr)
    // What keygen prints is a secret that was asked for.
    cli.printed.splice(
      0,
      cli.printed.length,
      ...cli.printed.filter((text) => !text.includes('AGE-SECRET-KEY-1')),
    )
  })

  it('shows the settings in force without a secret', async () => {
    const env = {
      ...envOf('config'),
      TGSESSION_STORE: 's3://bucket/prefix',
      AWS_SECRET_ACCESS_KEY: S3_SECRET,
    }
    const { code, stdout } = await cli.run(['config', '--json'], env)
    assert.equal(code, 0)
    const shown = lastJson(stdout)
    assert.equal(shown['TGSESSION_STORE'], 's3://bucket/prefix')
    assert.equal(shown['TGSESSION_KEY'], 'set')
    assert.equal(shown['TELEGRAM_API_HASH'], 'set')
    assert.equal(shown['TGSESSION_LEASE_TTL'], 45)
    const password = await cli.run(['config'], {
      TGSESSION_STORE: `postgres://user:${S3_SECRET}@db.example/sessions`,
    })
    assert.doesNotMatch(password.stdout + password.stderr, new RegExp(S3_SECRET))
  })

  it('reads .env under the environment', async () => {
    const dotenv = path.join(scratch, '.env')
    writeFileSync(dotenv, 'TGSESSION_NAME=from-file\nTGSESSION_LEASE_TTL=9s\n')
    const { stdout } = await cli.run(['config', '--json'], { TGSESSION_NAME: 'from-env' })
    writeFileSync(dotenv, '')
    assert.equal(lastJson(stdout)['TGSESSION_NAME'], 'from-env')
    assert.equal(lastJson(stdout)['TGSESSION_LEASE_TTL'], 9)
  })

  it('finds the credentials of a store in .env, where its SDK looks for them itself', async () => {
    const server = await S3Server.start()
    const folder = temporaryFolder()
    try {
      const settings = {
        TGSESSION_STORE: `s3://${server.bucket}/in-env`,
        TGSESSION_KEY: KEY,
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: S3_SECRET,
      }
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      writeFileSync(path.join(folder, '.env'), lines.join(''))
      const { code, stderr } = await new Cli(folder).run(['push', file])
      assert.equal(code, 0, stderr)
      assert.ok(server.peek('in-env/main/head.json'))
    } finally {
      await server.close()
    }
  })

  /** Begun at the start, since it takes its half minute of tries. */
  function atClosedPort(): Promise<CliResult[]> {
    const closed = 's3://bucket/prefix?region=us-east-1&endpoint=http%3A%2F%2F127.0.0.1%3A9'
    const env = {
      ...envOf('x'),
      TGSESSION_STORE: closed,
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: S3_SECRET,
    }
    return Promise.all([
      cli.run(['status', '--json'], env),
      cli.run(['run', '--max-wait', '12', '--', 'true'], env),
    ])
  }

  it('ends with 69 where the store cannot be reached, after tries, and suggests no login', async () => {
    const results = await unreachable
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 69, stderr)
      assert.doesNotMatch(`${stdout}${stderr}`, /log ?in/i)
    }
    assert.equal(results[1]!.stderr.match(/event=store\.unreachable/g)?.length, 1, results[1]!.stderr)
  })

  it('has printed no secret and no escape code', () => {
    assert.ok(cli.printed.length > 60)
    for (const text of cli.printed) {
      assert.ok(!text.includes('\u001b'), text)
      for (const secret of secrets) assert.ok(!text.includes(secret), text)
    }
  })
})
