import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { writeFileAtomic, type WriteFs } from '../../src/base/write-file.ts'
import { temporaryFolder } from '../fixtures/session/temporary.ts'

describe('placing a file', () => {
  const folder = temporaryFolder()
  let number = 0
  const fresh = (): string => {
    const file = path.join(folder, String(number++), 'anon.session')
    return file
  }
  const make = async (content?: string): Promise<string> => {
    const file = fresh()
    await fs.mkdir(path.dirname(file))
    if (content !== undefined) writeFileSync(file, content, { mode: 0o644 })
    return file
  }

  it('leaves the bytes, mode 0600, and nothing else', async () => {
    for (const before of [undefined, 'old']) {
      const file = await make(before)
      await writeFileAtomic(file, Buffer.from('new'))
      assert.equal(readFileSync(file, 'utf8'), 'new')
      assert.equal(statSync(file).mode & 0o777, 0o600)
      assert.deepEqual(readdirSync(path.dirname(file)), ['anon.session'])
    }
  })

  it('writes through a symbolic link', async () => {
    const file = await make('old')
    const link = path.join(path.dirname(file), 'link.session')
    symlinkSync(file, link)
    await writeFileAtomic(link, Buffer.from('new'))
    assert.equal(readFileSync(file, 'utf8'), 'new')
    assert.ok((await fs.lstat(link)).isSymbolicLink())
  })

  it('syncs the file before the rename, and the folder after it', async () => {
    const file = await make('old')
    const steps: string[] = []
    await writeFileAtomic(
      file,
      Buffer.from('new'),
      watched((step) => void steps.push(step)),
    )
    assert.deepEqual(steps, [
      'realpath',
      'open',
      'writeFile',
      'sync',
      'close',
      'rename',
      'open',
      'sync',
      'close',
    ])
  })

  it('leaves the old file or the new one, whole, wherever it is stopped', async () => {
    for (let stopAt = 0; stopAt < 9; stopAt++) {
      const file = await make('old')
      let step = 0
      // From the stop on nothing works any more, as if the process had been killed.
      const stopped = watched(() => {
        if (step++ >= stopAt) throw Object.assign(new Error('disk is gone'), { code: 'EIO' })
      })
      await assert.rejects(writeFileAtomic(file, Buffer.from('new'), stopped), {
        code: 'session.write_failed',
        exitCode: 79,
      })
      assert.equal(readFileSync(file, 'utf8'), stopAt <= 5 ? 'old' : 'new', `stopped at step ${stopAt}`)
    }
  })

  it('removes its temporary file after a failure', async () => {
    const file = await make('old')
    const full: WriteFs = {
      ...fs,
      rename: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    }
    await assert.rejects(writeFileAtomic(file, Buffer.from('new'), full), { code: 'session.write_failed' })
    assert.deepEqual(readdirSync(path.dirname(file)), ['anon.session'])
  })

  it('tells a missing folder and a missing right apart', async () => {
    const file = fresh()
    await assert.rejects(writeFileAtomic(file, Buffer.from('new')), {
      code: 'session.no_folder',
      exitCode: 78,
    })
    assert.ok(!existsSync(file))
    const refused: WriteFs = {
      ...fs,
      open: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })),
    }
    await assert.rejects(writeFileAtomic(await make(), Buffer.from('new'), refused), {
      code: 'session.may_not_write',
      exitCode: 77,
    })
  })
})

/** The real file system, which tells each step before it takes it. */
function watched(tell: (step: string) => void): WriteFs {
  return {
    realpath: async (file) => {
      tell('realpath')
      return fs.realpath(file)
    },
    rename: async (from, to) => {
      tell('rename')
      return fs.rename(from, to)
    },
    unlink: async (file) => {
      tell('unlink')
      return fs.unlink(file)
    },
    open: async (...request) => {
      tell('open')
      const handle = await fs.open(...request)
      return {
        writeFile: async (bytes: Uint8Array) => {
          tell('writeFile')
          await handle.writeFile(bytes)
        },
        sync: async () => {
          tell('sync')
          await handle.sync()
        },
        close: async () => {
          await handle.close()
          tell('close')
        },
      }
    },
  }
}
