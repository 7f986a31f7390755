import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileError } from '../../../src/base/file-errors.ts'
import { readSessionFile } from '../../../src/session/sqlite/read-file.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const codeOf = (code: string): string => fileError('read', 'x', Object.assign(new Error('no'), { code })).code

describe('reading a session file', () => {
  const folder = temporaryFolder()
  const write = (name: string, content: string | Uint8Array): string => {
    const file = path.join(folder, name)
    writeFileSync(file, content)
    return file
  }

  it('gives its bytes', async () => {
    assert.deepEqual(await readSessionFile(write('a.session', 'abc')), new Uint8Array(Buffer.from('abc')))
  })

  it('says that there is none only where there is none', async () => {
    await assert.rejects(readSessionFile(path.join(folder, 'missing')), {
      code: 'session.not_found',
      hint: /Check the path/,
      exitCode: 66,
    })
    mkdirSync(path.join(folder, 'dir.session'))
    await assert.rejects(readSessionFile(path.join(folder, 'dir.session')), {
      code: 'session.is_directory',
      exitCode: 65,
    })
    const below = path.join(write('file', ''), 'anon.session')
    await assert.rejects(readSessionFile(below), { code: 'session.bad_path', exitCode: 78 })
    await assert.rejects(readSessionFile('/dev/null'), { code: 'session.not_a_file', exitCode: 65 })
    assert.deepEqual(['EACCES', 'EIO'].map(codeOf), ['session.may_not_read', 'session.read_failed'])
  })

  it('refuses a file of which a part stands beside it', async () => {
    const file = write('b.session', 'abc')
    write('b.session-wal', 'frames')
    await assert.rejects(readSessionFile(file), { code: 'session.wal_pending', exitCode: 65 })
    const link = path.join(folder, 'link.session')
    symlinkSync(file, link)
    await assert.rejects(readSessionFile(link), { code: 'session.wal_pending' })
    write('b.session-wal', '')
    write('b.session-journal', Buffer.from('d9d505f920a163d7', 'hex'))
    await assert.rejects(readSessionFile(file), { code: 'session.hot_journal', exitCode: 65 })
  })

  it('accepts what a finished program leaves beside it', async () => {
    const file = write('c.session', 'abc')
    write('c.session-wal', '')
    for (const journal of ['', Buffer.alloc(512)]) {
      write('c.session-journal', journal)
      assert.equal((await readSessionFile(file)).length, 3)
    }
  })
})
