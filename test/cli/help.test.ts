import assert from 'node:assert/strict'
import { openSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'
import { Cli } from '../support/cli/cli.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { MAIN } from '../support/cli/main-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('tgsession help', () => {
  it('is --help, of the program and of a command', async () => {
    const cli = new Cli(temporaryFolder())
    const [help, flag, ofStatus, statusFlag, unknown] = await Promise.all(
      [['help'], ['--help'], ['help', 'status'], ['status', '--help'], ['help', 'nonsense']].map((args) =>
        cli.run(args),
      ),
    )
    assert.deepEqual([help?.code, help?.stdout], [0, flag?.stdout])
    assert.deepEqual([ofStatus?.code, ofStatus?.stdout], [0, statusFlag?.stdout])
    assert.match(help?.stdout ?? '', /help \[command\]/)
    assert.equal(unknown?.code, 64)
  })
})

describe('an answer that cannot be written', () => {
  it('is told in one line', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'keygen'], {
      stdio: ['ignore', full, 'pipe'],
    })
    assert.equal(status, 69)
    assert.match(String(stderr), /^tgsession: standard output cannot be written \(ENOSPC\)$/m)
    assert.doesNotMatch(String(stderr), /at .*\.ts/)
  })

  it('is not called written', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'some.session')
    writeFileSync(file, await sessionBytes())
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'convert', file, '-o', '-'], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    })
    assert.equal(status, 69)
    assert.equal(String(stderr), 'tgsession: standard output cannot be written (ENOSPC)\n')
  })
})
