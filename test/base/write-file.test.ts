import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { familyOf, writeDatabase, writeFileAtomic, type WriteFs } from '../../src/base/write-file.ts'
import { mayMount, SmallDisk } from '../support/chaos/disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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
    assert.deepEqual(steps, ['open', 'writeFile', 'sync', 'close', 'rename', 'open', 'sync', 'close'])
  })

  it('leaves the old file or the new one, whole, wherever it is stopped', async () => {
    for (let stopAt = 0; stopAt < 8; stopAt++) {
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
      assert.equal(readFileSync(file, 'utf8'), stopAt <= 4 ? 'old' : 'new', `stopped at step ${stopAt}`)
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

  it('says what to do about each errno that has a reason of its own', async () => {
    for (const [code, hint] of Object.entries({
      EBUSY: /Mount its folder/,
      EROFS: /read-only/,
      EDQUOT: /quota/,
      ENOSPC: /full/,
      EXDEV: /volume/,
      EMFILE: /ulimit -n/,
    })) {
      const failing: WriteFs = {
        ...fs,
        rename: () => Promise.reject(Object.assign(new Error('no'), { code })),
      }
      await assert.rejects(writeFileAtomic(await make('old'), Buffer.from('new'), failing), (error) => {
        assert.match(String(Reflect.get(Object(error), 'hint')), hint)
        return true
      })
    }
  })

  it('makes a link to nothing lead to the new file', async () => {
    const file = await make()
    const link = path.join(path.dirname(file), 'link.session')
    symlinkSync('anon.session', link)
    await writeFileAtomic(link, Buffer.from('new'))
    assert.equal(readFileSync(file, 'utf8'), 'new')
    assert.ok((await fs.lstat(link)).isSymbolicLink())
  })
})

describe('what must not be replaced', () => {
  const folder = temporaryFolder()
  const refuses = async (file: string, code: string): Promise<void> => {
    const before = readdirSync(folder)
    await assert.rejects(writeFileAtomic(file, Buffer.from('new')), { code, exitCode: 78 })
    assert.deepEqual(readdirSync(folder), before)
  }

  it('is a folder, and a path that ends as that of a folder', async () => {
    await refuses(folder, 'session.bad_target')
    await refuses(`${path.join(folder, 'anon.session')}/`, 'session.bad_target')
  })

  it(
    'is a device, a FIFO or a socket, also behind a link',
    { skip: process.platform === 'win32' },
    async () => {
      const fifo = path.join(folder, 'fifo')
      execFileSync('mkfifo', [fifo])
      const link = path.join(folder, 'null')
      symlinkSync('/dev/null', link)
      for (const file of [fifo, link, '/dev/null']) await refuses(file, 'session.bad_target')
      assert.ok((await fs.lstat(fifo)).isFIFO())
    },
  )

  it('is what a link in a folder of everybody leads to', async () => {
    const open = path.join(folder, 'open')
    await fs.mkdir(open)
    await fs.chmod(open, 0o1777)
    const target = path.join(folder, 'target.session')
    writeFileSync(target, 'precious')
    const link = path.join(open, 'anon.session')
    symlinkSync(target, link)
    await refuses(link, 'session.unsafe_link')
    assert.equal(readFileSync(target, 'utf8'), 'precious')
  })

  it(
    'is a file that is a mount of its own',
    { skip: mayMount() ? false : 'this user may not mount' },
    async () => {
      const file = path.join(folder, 'mounted.session')
      writeFileSync(file, 'old')
      const disk = await SmallDisk.mount(path.join(folder, 'disk'), 1)
      const source = path.join(disk.folder, 'x')
      try {
        for (const from of [source, path.join(folder, 'beside')]) {
          writeFileSync(from, 'old')
          execFileSync('mount', ['--bind', from, file])
          try {
            await refuses(file, 'session.mounted')
          } finally {
            execFileSync('umount', [file])
          }
        }
      } finally {
        await disk.unmount()
      }
    },
  )
})

describe('writing a database', () => {
  const folder = temporaryFolder()
  const file = path.join(folder, 'anon.session')
  const stale = (): void => familyOf(file).forEach((name) => writeFileSync(name, 'old'))
  const now = (): [string, string][] =>
    readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')])

  it('takes away what the one before has left beside it', async () => {
    stale()
    await writeDatabase(file, Buffer.from('new'))
    assert.deepEqual(now(), [['anon.session', 'new']])
    stale()
    await fs.rm(file)
    await writeDatabase(file, Buffer.from('new'))
    assert.deepEqual(now(), [['anon.session', 'new']])
  })

  it('puts the whole family back where the new one cannot take its place', async () => {
    stale()
    const failing: WriteFs = {
      ...fs,
      rename: (from, to) =>
        from.endsWith('.tmp')
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EIO' }))
          : fs.rename(from, to),
    }
    await assert.rejects(writeDatabase(file, Buffer.from('new'), failing), { code: 'session.write_failed' })
    assert.deepEqual(
      now(),
      familyOf('anon.session')
        .toSorted()
        .map((name) => [name, 'old']),
    )
  })

  it(
    'refuses while another process has one of the family open',
    { skip: process.platform !== 'linux' },
    async () => {
      stale()
      for (const name of familyOf(file)) {
        const reader = spawn('sh', ['-c', 'exec 3<"$0"; echo; exec sleep 60', name], {
          stdio: ['ignore', 'pipe', 'ignore'],
        })
        await once(reader.stdout, 'data')
        try {
          await assert.rejects(writeDatabase(file, Buffer.from('new')), {
            code: 'session.file_in_use',
            exitCode: 78,
          })
          assert.deepEqual(now().length, 4)
        } finally {
          reader.kill('SIGKILL')
          await once(reader, 'exit')
        }
      }
    },
  )
})

/** The real file system, which tells each step before it takes it. */
function watched(tell: (step: string) => void): WriteFs {
  return {
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
