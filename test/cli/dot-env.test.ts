import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { readDotEnv } from '../../src/cli/dot-env.ts'
import { Cli } from '../support/cli/cli.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('.env', () => {
  const scratch = temporaryFolder()
  const at = (name: string, content: string | Uint8Array): string => {
    const file = path.join(scratch, name)
    writeFileSync(file, content)
    return file
  }

  it('is read whatever editor wrote it', () => {
    const text = 'TGSESSION_NAME=main\r\nexport TGSESSION_USER_ID="777000"\r\n# a comment\r\n'
    const expected = { TGSESSION_NAME: 'main', TGSESSION_USER_ID: '777000' }
    const utf16 = Buffer.from(text, 'utf16le')
    assert.deepEqual({ ...readDotEnv(at('utf8', text)) }, expected)
    assert.deepEqual({ ...readDotEnv(at('bom', `\ufeff${text}`)) }, expected)
    assert.deepEqual({ ...readDotEnv(at('le', Buffer.concat([Buffer.of(0xff, 0xfe), utf16]))) }, expected)
    assert.deepEqual({ ...readDotEnv(at('bare', utf16)) }, expected)
    assert.deepEqual(
      { ...readDotEnv(at('be', Buffer.concat([Buffer.of(0xfe, 0xff), utf16.swap16()]))) },
      expected,
    )
  })

  it('is none where there is no file, or a folder', () => {
    mkdirSync(path.join(scratch, 'venv'))
    assert.deepEqual(readDotEnv(path.join(scratch, 'venv')), {})
    assert.deepEqual(readDotEnv(path.join(scratch, 'nowhere')), {})
  })

  it('that is no text is an error, and never "not set"', () => {
    assert.throws(() => readDotEnv(at('latin1', Buffer.from('A=ü', 'latin1'))), { code: 'config.env_file' })
  })

  it('cuts no value of ours without a word', async () => {
    assert.throws(() => readDotEnv(at('cut', 'X=a#b\nTGSESSION_STORE=postgres://u:hush#tail@h/db\n')), {
      code: 'config.env_file',
      message: /cuts TGSESSION_STORE at the #/,
    })
    const fine = 'X=a#b\nTGSESSION_STORE="postgres://u:a#b@h/db" # here\nTGSESSION_NAME=main # there\n'
    assert.equal(readDotEnv(at('fine', fine))['TGSESSION_STORE'], 'postgres://u:a#b@h/db')

    at('.env', 'TGSESSION_STORE=postgres://bot:hush#tail@127.0.0.1:5432/db\n')
    const cli = new Cli(scratch)
    for (const command of ['config', 'doctor', 'status']) {
      const { code, stdout, stderr } = await cli.run([command])
      assert.equal(code, 78)
      assert.ok(!/hush/.test(stdout + stderr), stdout + stderr)
    }
    assert.equal((await cli.run(['--help'])).code, 0)
  })
})
