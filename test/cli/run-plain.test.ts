import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { inspectSession } from '../../src/session/inspect.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const COPY = `require('fs').copyFileSync(process.env.TGSESSION_FILE, 'seen'); process.exitCode = 3`

describe('tgsession run on one plain file', () => {
  const scratch = temporaryFolder()
  let cli: Cli
  let bytes: Uint8Array

  before(async () => {
    cli = new Cli(scratch)
    bytes = await sessionBytes()
  })

  async function serves(url: string): Promise<void> {
    const { code, stderr } = await cli.run(['run', '--store', url, '--', process.execPath, '-e', COPY])
    assert.equal(code, 3)
    assert.deepEqual(await readFile(path.join(scratch, 'seen')), Buffer.from(bytes))
    assert.match(stderr, /event=warning message=".*nothing is written back.*no lease/)
    assert.doesNotMatch(stderr, /lease\.taken|session\.saved/)
  }

  it('gives a file of this host to the command, and says what that gives up', async () => {
    const file = path.join(scratch, 'mine.session')
    await writeFile(file, bytes)
    await serves(`file:${file}`)
    assert.deepEqual(await readFile(file), Buffer.from(bytes))
  })

  it('gives one behind an http address', async () => {
    const server = createServer((_request, response) => response.end(bytes)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address)
    const { port } = address
    await serves(`http://127.0.0.1:${port}/mine.session`).finally(() => server.close())
  })

  it('waits for a file that is not there yet, and says so once', async () => {
    const file = path.join(scratch, 'late.session')
    const child = cli.start(['run', '--store', `file:${file}`, '--', process.execPath, '-e', COPY])
    const finished = cli.finish(child)
    const waiting = once(child.stderr!, 'data')
    await waiting
    await writeFile(`${file}.new`, bytes)
    await rename(`${file}.new`, file)
    const { code, stderr } = await finished
    assert.equal(code, 3)
    assert.equal(stderr.match(/event=session\.waiting for=".*there is no such file/g)?.length, 1)
  })

  it('waits no longer than --max-wait: 66 where there is none, 69 where nobody answers', async () => {
    const argv = ['run', '--max-wait', '5', '--store']
    const none = await cli.run([...argv, `file:${scratch}/no.session`, '--', 'true'])
    assert.equal(none.code, 66)
    assert.match(none.stderr, /there is no such file/)
    const silent = await cli.run([...argv, 'http://127.0.0.1:9/no.session', '--', 'true'])
    assert.equal(silent.code, 69)
  })

  it('ends at once for a file that is no session', async () => {
    const file = path.join(scratch, 'text.session')
    await writeFile(file, 'no session')
    assert.equal((await cli.run(['run', '--store', `file:${file}`, '--', 'true'])).code, 65)
  })

  it('gives it as a string to a program that reads one', async () => {
    const file = path.join(scratch, 'mine.session')
    await writeFile(file, bytes)
    const script = 'console.log(JSON.stringify([process.env.STRING, process.env.TGSESSION_FILE ?? null]))'
    const argv = ['run', '--session-env', 'STRING=telethon', '--store', `file:${file}`]
    const { stdout } = await cli.run([...argv, '--', process.execPath, '-e', script])
    const [string, place] = lastJson<[string, null]>(stdout)
    const [made, given] = [await inspectSession(Buffer.from(string)), await inspectSession(bytes)]
    assert.deepEqual([made.keyFingerprint, place], [given.keyFingerprint, null])
  })
})
