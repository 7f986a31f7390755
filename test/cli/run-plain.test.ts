import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sessionBytes } from '../replica/support/sessions.ts'
import { Cli } from '../support/cli.ts'
import { temporaryFolder } from '../support/rig.ts'

const COPY = `require('fs').copyFileSync(process.env.TGSESSION_FILE, 'seen'); process.exitCode = 3`

describe('tgsession run on one plain file', () => {
  let scratch: Awaited<ReturnType<typeof temporaryFolder>>
  let cli: Cli
  let bytes: Uint8Array

  before(async () => {
    scratch = await temporaryFolder()
    cli = new Cli(scratch.folder)
    bytes = await sessionBytes()
  })
  after(async () => {
    await scratch.remove()
  })

  async function serves(url: string): Promise<void> {
    const { code, stderr } = await cli.run(['run', '--store', url, '--', process.execPath, '-e', COPY])
    assert.equal(code, 3)
    assert.deepEqual(await readFile(path.join(scratch.folder, 'seen')), Buffer.from(bytes))
    assert.match(stderr, /event=warning message=".*nothing is written back.*no lease/)
    assert.doesNotMatch(stderr, /lease\.taken|session\.saved/)
  }

  it('gives a file of this host to the command, and says what that gives up', async () => {
    const file = path.join(scratch.folder, 'mine.session')
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

  it('ends with 66 where there is none', async () => {
    const { code, stderr } = await cli.run([
      'run',
      '--store',
      `file:${scratch.folder}/no.session`,
      '--',
      'true',
    ])
    assert.equal(code, 66)
    assert.match(stderr, /there is no such file/)
  })
})
