import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { portable } from '../../src/session/formats/portable-session.ts'
import { encodeSessionString } from '../../src/session/formats/strings/session-string.ts'
import { inspectSession, keyFingerprint } from '../../src/session/inspect.ts'
import { database, hex, KEY, SCHEMAS, V7 } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'

const STRING = encodeSessionString(
  'telethon',
  portable({ dcId: 2, serverAddress: '149.154.167.51', authKey: KEY }),
)
const SECRETS = [
  hex(KEY),
  STRING.slice(1),
  Buffer.from(KEY).toString('base64'),
  Buffer.from(KEY).toString('base64url'),
]

const assertNoSecret = (text: string): void => {
  for (const secret of SECRETS)
    for (let at = 0; at + 16 <= secret.length; at += 16) assert.ok(!text.includes(secret.slice(at, at + 16)))
}

describe('tgsession convert', () => {
  const folder = temporaryFolder()
  const cli = new Cli(folder)
  const file = (name: string, content?: string | Uint8Array): string => {
    if (content !== undefined) writeFileSync(path.join(folder, name), content)
    return path.join(folder, name)
  }

  it('makes a file of a string from standard input, and a string of a file', async () => {
    const made = await cli.run(['convert', '-', '-o', 'new.session', '--json'], {}, `${STRING}\n`)
    assert.equal(made.code, 0, made.stderr)
    assert.deepEqual(lastJson(made.stdout), {
      file: 'new.session',
      format: 'telethon',
      bytes: statSync(file('new.session')).size,
    })
    assert.equal(statSync(file('new.session')).mode & 0o777, 0o600)
    assert.equal(
      (await inspectSession(readFileSync(file('new.session')))).keyFingerprint,
      keyFingerprint(KEY),
    )

    const back = await cli.run(['convert', 'new.session', '--to', 'telethon-string', '-o', 'string.txt'])
    assert.equal(back.code, 0, back.stderr)
    assert.equal(readFileSync(file('string.txt'), 'utf8'), `${STRING}\n`)
    assert.equal(statSync(file('string.txt')).mode & 0o777, 0o600)
    for (const { stdout, stderr } of [made, back]) assertNoSecret(stdout + stderr)

    const printed = await cli.run(['convert', 'string.txt', '--to', 'telethon-string'])
    assert.deepEqual([printed.code, printed.stdout, printed.stderr], [0, `${STRING}\n`, ''])
  })

  it('warns at a terminal', async () => {
    file('shown.txt', STRING)
    const { code, text } = await cli.terminal(['convert', 'shown.txt', '--to', 'telethon-string']).end()
    assert.equal(code, 0)
    assert.match(text, /gives whoever reads it the whole account/)
  })

  it('repairs a file that an old SQLite calls corrupt', async () => {
    file('old.session', await database(SCHEMAS['v4 (0.19), WITHOUT ROWID']!.sql))
    const { code, stderr } = await cli.run(['convert', 'old.session', '-o', 'repaired.session'])
    assert.equal(code, 0, stderr)
    const report = await inspectSession(readFileSync(file('repaired.session')))
    assert.deepEqual([report.version, report.withoutRowid, report.updateStates], [4, false, 1])
  })

  it('writes a file to standard output, and its words beside it', async () => {
    file('anon.session', await database(V7))
    const into = ['sh', '-c', '"$@" > piped.session', 'sh'] as const
    const done = await cli.under([...into], ['convert', 'anon.session', '-o', '-'], {})
    assert.deepEqual([done.code, done.stderr], [0, 'Wrote standard output (telethon).\n'])
    assert.equal(
      (await inspectSession(readFileSync(file('piped.session')))).keyFingerprint,
      keyFingerprint(KEY),
    )
    const both = await cli.run(['convert', 'anon.session', '-o', '-', '--json'])
    assert.deepEqual([both.code, lastJson(both.stdout)['error'] !== undefined], [64, true])
  })

  it('overwrites nothing unasked, and nothing in use at all', async () => {
    file('there.session', STRING)
    const args = ['convert', '-', '-o', 'there.session']
    const refused = await cli.run(args, {}, STRING)
    assert.deepEqual([refused.code, readFileSync(file('there.session'), 'utf8')], [64, STRING])
    assert.match(refused.stderr, /--overwrite/)
    const user = spawn('sh', ['-c', 'exec 3<"$0"; echo; exec sleep 60', file('there.session')])
    await once(user.stdout, 'data')
    assert.equal((await cli.run([...args, '--overwrite'], {}, STRING)).code, 78)
    user.kill('SIGKILL')
    await once(user, 'exit')
    file('there.session-journal', Buffer.from('d9d505f920a163d7', 'hex'))
    assert.equal((await cli.run([...args, '--overwrite'], {}, STRING)).code, 0)
    assert.equal(existsSync(file('there.session-journal')), false, 'a stale journal goes with its file')
  })

  it('writes over nothing that is no session', async () => {
    file('other.txt', 'theirs')
    const { code, stderr } = await cli.run(['convert', '-', '-o', 'other.txt', '--overwrite'], {}, STRING)
    assert.equal(code, 78, stderr)
    assert.equal(readFileSync(file('other.txt'), 'utf8'), 'theirs')
  })

  it('refuses a string on the command line without repeating it', async () => {
    const commands = [
      ['convert', STRING, '-o', 'x.session'],
      ['inspect', STRING],
      ['inspect', '--', STRING],
    ]
    for (const command of commands) {
      const { code, stdout, stderr } = await cli.run(command)
      assert.equal(code, 64)
      assert.match(stderr, /session string .*on the command line/)
      assertNoSecret(stdout + stderr)
    }
  })

  it('says which option supplies what is missing, and takes it', async () => {
    file('plain.session', await database(V7))
    const convert = ['convert', 'plain.session', '--to', 'pyrogram-string', '-o', 'pyrogram.txt']
    const first = await cli.run(convert)
    assert.equal(first.code, 64)
    assert.match(first.stderr, /--api-id/)
    const second = await cli.run([...convert, '--api-id', '12345'])
    assert.match(second.stderr, /--user-id/)
    const third = await cli.run([...convert, '--api-id', '12345', '--user-id', '4242', '--bot'])
    assert.equal(third.code, 0, third.stderr)
    const { format, userId } = await inspectSession(readFileSync(file('pyrogram.txt')))
    assert.deepEqual([format, userId], ['pyrogram-string', '4242'])
  })

  it('names what is wrong with a command line', async () => {
    file('some.session', await database(V7))
    for (const args of [
      ['some.session'],
      ['some.session', '--to', 'file'],
      ['some.session', '--to', 'other'],
      ['some.session', '--to', 'pyrogram-string', '--api-id', '0'],
      ['some.session', '--to', 'pyrogram-string', '--user-id', '1e3'],
    ])
      assert.equal((await cli.run(['convert', ...args])).code, 64, args.join(' '))
    assert.equal((await cli.run(['convert', 'missing.session', '-o', 'x.session'])).code, 66)
    assert.equal((await cli.run(['convert', '-', '-o', 'x.session'], {}, 'hello')).code, 65)
  })
})

describe('tgsession inspect', () => {
  const folder = temporaryFolder()
  const cli = new Cli(folder)

  it('recognises strings, in a file and on standard input', async () => {
    writeFileSync(path.join(folder, 'string.txt'), `  ${STRING}\n`)
    for (const [source, input] of [
      ['string.txt', ''],
      ['-', STRING],
    ] as const) {
      const { code, stdout, stderr } = await cli.run(['inspect', source, '--json'], {}, input)
      assert.equal(code, 0, stderr)
      const report = lastJson(stdout)
      assert.deepEqual(
        [report['format'], report['dcId'], report['loggedIn'], report['keyFingerprint'], report['problems']],
        ['telethon-string', 2, true, keyFingerprint(KEY), []],
      )
      assertNoSecret(stdout + stderr)
    }
  })

  it('recognises a StoreSession folder', async () => {
    mkdirSync(path.join(folder, 'store'))
    writeFileSync(path.join(folder, 'store', 'store%3AdcId'), '4')
    writeFileSync(path.join(folder, 'store', 'store%3AauthKey'), JSON.stringify(Buffer.from(KEY)))
    const { stdout } = await cli.run(['inspect', 'store', '--json'])
    assert.deepEqual([lastJson(stdout)['format'], lastJson(stdout)['dcId']], ['gramjs-store', 4])
  })

  it('tells the problems of what is not sound, in the same shape, and ends with 65', async () => {
    const whole = await database(V7)
    writeFileSync(path.join(folder, 'cut.session'), whole.subarray(0, whole.length - 1))
    const { code, stdout, stderr } = await cli.run(['inspect', 'cut.session', '--json'])
    assert.equal(code, 65)
    const report = lastJson(stdout)
    assert.deepEqual(Object.keys(report), Object.keys(await inspectSession(whole)))
    assert.match(String(report['problems']), /ends after/)
    assertNoSecret(stdout + stderr)
    assert.equal((await cli.run(['inspect', 'cut.session'])).code, 65)
  })
})
