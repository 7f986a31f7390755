import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import { MAIN } from '../support/cli/main-program.ts'
import { API_HASH, API_ID } from '../support/rig.ts'
import { rigSession } from '../replica/support/sessions.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('an MCP server under tgsession run', () => {
  const folder = temporaryFolder()

  it('has standard input and output to itself, to the byte', async () => {
    const env = {
      PATH: process.env['PATH'],
      TMPDIR: folder,
      TGSESSION_STORE: `file:${path.join(folder, 'store')}`,
      TGSESSION_KEY: randomBytes(32).toString('hex'),
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    }
    await (await openReplica(await readSettings(env, { store: true }))).push(await rigSession(), {})

    const server = path.join(import.meta.dirname, 'mcp-server.ts')
    const words = ['run', '--session-env', 'TELEGRAM_SESSION_STRING=telethon', '--', process.execPath, server]
    const child = spawn(process.execPath, [MAIN, ...words], { env, cwd: folder })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (part: Buffer) => out.push(part))
    child.stderr.on('data', (part: Buffer) => err.push(part))
    const large = 'ä'.repeat(200_000)
    const asked = [
      { id: 1, method: 'initialize', params: {} },
      { id: 2, method: 'tools/call', params: { name: 'send', text: large } },
    ]
    for (const message of asked) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    child.stdin.end()
    const code = await new Promise((resolve) => {
      child.once('close', resolve)
    })
    const told = Buffer.concat(err).toString()
    assert.equal(code, 0, told)
    const answers = Buffer.concat(out).toString().trimEnd().split('\n')
    assert.deepEqual(
      answers.map((line) => JSON.parse(line)),
      [
        { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18', capabilities: {} } },
        { jsonrpc: '2.0', id: 2, result: { echo: { name: 'send', text: large } } },
      ],
    )
    assert.match(told, /event=lease\.released/)
    assert.match(told, /server: started with a string of 353 characters/)
  })
})
