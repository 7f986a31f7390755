import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { TgsessionError } from '../../src/base/errors.ts'
import { inspectSession, keyFingerprint } from '../../src/session/inspect.ts'
import { SessionFile, type SQLiteSessionOptions } from '../../src/session/formats/telethon/live-file.ts'
import { database, KEY, OTHER_KEY, V7 } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { LIBRARIES } from './libraries.ts'

const peer = { hash: 1n, username: null, phone: null, name: null }

const codeOf = (error: unknown): string => (error instanceof TgsessionError ? error.code : String(error))
const hasPath = (file: SessionFile): file is SessionFile & { path: string } => file.path !== undefined

const onDisk = async (file: { path: string }): Promise<Awaited<ReturnType<typeof inspectSession>>> =>
  inspectSession(readFileSync(file.path))

/** All saves that were asked for up to now. */
const settled = async (file: SessionFile): Promise<void> => {
  await Promise.resolve()
  await file.save()
}

const manual = (): SQLiteSessionOptions & { due: (() => void)[] } => {
  const due: (() => void)[] = []
  return {
    due,
    setTimer: (save) => {
      due.push(save)
      return () => void due.splice(due.indexOf(save), 1)
    },
  }
}

describe('a session file on disk', () => {
  const folder = temporaryFolder()
  let number = 0
  const open = async (options: SQLiteSessionOptions = {}): Promise<SessionFile & { path: string }> => {
    const file = new SessionFile(path.join(folder, `s${number++}`), options)
    await file.load()
    assert.ok(hasPath(file))
    return file
  }

  it('is made by load(), with the extension, mode 0600', async () => {
    const file = await open()
    assert.ok(file.path.endsWith('.session') && path.isAbsolute(file.path))
    assert.equal(statSync(file.path).mode & 0o777, 0o600)
    assert.equal((await onDisk(file)).version, 7)
    assert.equal(new SessionFile('a/b.session').path, path.resolve('a/b.session'))
    assert.equal(new SessionFile('anon').path, path.resolve('anon.session'))
    assert.equal(new SessionFile('').path, undefined)
  })

  it('saves the key at once, without being asked to', async () => {
    const timers = manual()
    const file = await open(timers)
    file.core.setDC(2, '149.154.167.51', 443)
    file.core.setAuthKey(KEY)
    await Promise.resolve()
    await until(async () => (await onDisk(file)).loggedIn)
    assert.equal((await onDisk(file)).keyFingerprint, keyFingerprint(KEY))
    assert.deepEqual(timers.due, [])
  })

  it('saves the cache once after its delay', async () => {
    const timers = manual()
    const file = await open(timers)
    file.core.upsert([{ id: 1n, ...peer }])
    file.core.upsert([{ id: 2n, ...peer }])
    assert.equal(timers.due.length, 1)
    assert.equal((await onDisk(file)).entities, 0)
    timers.due.splice(0).forEach((save) => save())
    await settled(file)
    assert.equal((await onDisk(file)).entities, 2)
    file.core.upsert([{ id: 3n, ...peer }])
    assert.equal(timers.due.length, 1)
  })

  it('saves what is left at close(), and opens again by load()', async () => {
    const timers = manual()
    const file = await open(timers)
    file.core.upsert([{ id: 1n, ...peer }])
    await file.close()
    assert.deepEqual(timers.due, [])
    assert.equal((await onDisk(file)).entities, 1)
    assert.throws(() => file.core.dcId, { code: 'session.not_loaded' })
    await assert.rejects(file.toBytes(), { code: 'session.not_loaded' })
    await file.close()
    await file.load()
    assert.equal(file.core.findById(1n)?.hash, 1n)
  })

  it('is not written when nothing changed', async () => {
    const file = await open()
    utimesSync(file.path, 1, 1)
    await file.close()
    assert.equal(statSync(file.path).mtimeMs, 1000)
  })

  it('loads once, however often it is asked to', async () => {
    const file = await open(manual())
    file.core.upsert([{ id: 1n, ...peer }])
    await Promise.all([file.load(), file.load()])
    assert.equal(file.core.findById(1n)?.hash, 1n)
  })

  it('refuses to overwrite what another program wrote, and keeps its own state', async () => {
    const file = await open(manual())
    const theirs = await database(V7)
    writeFileSync(file.path, theirs)
    file.core.upsert([{ id: 1n, ...peer }])
    for (const attempt of [() => file.save(), () => file.close()])
      await assert.rejects(attempt, { code: 'session.changed_on_disk', exitCode: 73 })
    assert.deepEqual(new Uint8Array(readFileSync(file.path)), theirs)
    assert.equal((await inspectSession(await file.toBytes())).entities, 1)
  })

  it(
    'does not replace a file that another process has open for writing; a reader it minds not',
    { skip: process.platform !== 'linux' && 'only Linux tells' },
    async () => {
      const file = await open()
      const hold = async (readOnly: boolean): Promise<() => Promise<unknown>> => {
        const program = `
          const db = new (require('node:sqlite').DatabaseSync)(process.argv[1], { readOnly: ${readOnly} })
          db.prepare('select * from version').all()
          console.log('open')
          process.stdin.resume().on('end', () => db.close())`
        const child = spawn(process.execPath, ['--no-warnings', '-e', program, file.path])
        await once(child.stdout, 'data')
        return async () => {
          child.stdin.end()
          await once(child, 'exit')
        }
      }
      file.core.upsert([{ ...peer, id: 1n }])
      const endReader = await hold(true)
      await file.save()
      await endReader()

      file.core.upsert([{ ...peer, id: 2n }])
      const endWriter = await hold(false)
      await assert.rejects(file.save(), { code: 'session.held_open', exitCode: 73 })
      assert.equal((await onDisk(file)).entities, 1)
      await endWriter()
      await file.close()
      assert.equal((await onDisk(file)).entities, 2)
    },
  )

  it('refuses while another program is in the middle of a write', async () => {
    const file = await open(manual())
    file.core.upsert([{ id: 1n, ...peer }])
    writeFileSync(`${file.path}-journal`, Buffer.from('d9d505f920a163d7', 'hex'))
    await assert.rejects(file.save(), { code: 'session.changed_on_disk' })
  })

  it('reports a failed save in the background, and tries again at the next one', async () => {
    const reported: Error[] = []
    const file = await open({ onError: (error) => reported.push(error) })
    const journal = `${file.path}-journal`
    writeFileSync(journal, Buffer.from('d9d505f920a163d7', 'hex'))
    file.core.setAuthKey(KEY)
    await until(async () => reported.length > 0)
    assert.deepEqual(reported.map(codeOf), ['session.changed_on_disk'])
    assert.equal((await onDisk(file)).loggedIn, false)
    rmSync(journal)
    await file.close()
    assert.equal((await onDisk(file)).loggedIn, true)
  })

  it('tries a failed save again by itself, also one that nobody awaited', async () => {
    const reported: Error[] = []
    const timers = manual()
    const file = await open({ ...timers, onError: (error) => reported.push(error) })
    const journal = `${file.path}-journal`
    writeFileSync(journal, Buffer.from('d9d505f920a163d7', 'hex'))
    file.core.upsert([{ id: 1n, ...peer }])
    await assert.rejects(file.save(), { code: 'session.changed_on_disk' })
    assert.equal(timers.due.length, 1)
    timers.due.shift()?.()
    await until(async () => reported.length > 0)
    rmSync(journal)
    assert.equal(timers.due.length, 1)
    timers.due.shift()?.()
    await settled(file)
    assert.equal((await onDisk(file)).entities, 1)
    assert.deepEqual([timers.due.length, reported.map(codeOf)], [0, ['session.changed_on_disk']])
  })

  it('warns of a failed save when nobody listens', async () => {
    const file = await open()
    writeFileSync(file.path, 'theirs')
    const warned = once(process, 'warning')
    file.core.setAuthKey(KEY)
    const [warning]: unknown[] = await warned
    assert.equal(codeOf(warning), 'session.changed_on_disk')
  })

  it('leaves no rejection unhandled when a client does not await save()', async () => {
    const file = await open(manual())
    writeFileSync(file.path, 'theirs')
    file.core.upsert([{ id: 1n, ...peer }])
    const unhandled: unknown[] = []
    const listener = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listener)
    void file.save()
    await assert.rejects(file.save())
    await new Promise(setImmediate)
    process.off('unhandledRejection', listener)
    assert.deepEqual(unhandled, [])
  })

  it('deletes its file and writes it no more', async () => {
    const file = await open()
    file.core.setAuthKey(KEY)
    const kinds: string[] = []
    file.core.onChange((kind) => kinds.push(kind))
    await file.delete()
    assert.deepEqual([kinds, file.core.authKey()], [['auth'], undefined])
    file.core.setAuthKey(OTHER_KEY)
    await file.close()
    assert.ok(!existsSync(file.path))
    await file.delete()
  })

  it('begins anew when it is loaded after it was deleted', async () => {
    const file = await open()
    file.core.setAuthKey(KEY)
    file.core.upsert([{ id: 1n, ...peer }])
    const deleted = file.delete()
    await file.load()
    await deleted
    assert.equal(file.core.findById(1n), undefined)
    file.core.setAuthKey(OTHER_KEY)
    await file.close()
    assert.equal((await onDisk(file)).keyFingerprint, keyFingerprint(OTHER_KEY))
  })

  it('refuses a file that is none, leaves it, and can load once it is repaired', async () => {
    const name = path.join(folder, 'broken.session')
    writeFileSync(name, 'hello')
    const file = new SessionFile(name)
    await assert.rejects(file.load(), { code: 'session.foreign' })
    assert.equal(readFileSync(name, 'utf8'), 'hello')
    writeFileSync(name, await database(V7))
    await file.load()
    assert.deepEqual(file.core.authKey(), KEY)
  })

  it('leaves no temporary files', async () => {
    const file = await open()
    for (let i = 0; i < 5; i++) {
      file.core.setAuthKey(i % 2 ? KEY : OTHER_KEY)
      void file.save()
    }
    await file.close()
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    )
    assert.equal((await onDisk(file)).keyFingerprint, keyFingerprint(OTHER_KEY))
  })

  it('does not keep the process alive', async () => {
    const program = `
      import { SessionFile } from '${path.join(import.meta.dirname, '../../src/session/formats/telethon/live-file.ts')}'
      const file = new SessionFile(undefined)
      await file.load()
      const disk = new SessionFile('${path.join(folder, 'alive')}', { saveDelayMs: 3_600_000 })
      await disk.load()
      disk.core.upsert([{ id: 1n, hash: 1n, username: null, phone: null, name: null }])`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 120_000,
    })
    assert.equal(status, 0, String(stderr))
  })
})

for (const { name, SQLiteSession } of LIBRARIES) {
  describe(`an SQLite session of ${name}`, () => {
    it('starts with bytes and gives bytes', async () => {
      const bytes = await database(V7)
      const session = await SQLiteSession.fromBytes(bytes)
      assert.deepEqual(session.authKeyBytes, KEY)
      assert.equal(session.path, undefined)
      const kinds: string[] = []
      const remove = session.onChange((kind) => kinds.push(kind))
      session.setDC(4, 'x', 80)
      session.setUpdateState(0, { pts: 1, qts: 1, date: 1, seq: 1 })
      remove()
      session.setAuthKey(undefined)
      assert.deepEqual(kinds, ['auth', 'cache'])
      await session.close()
      const report = await inspectSession(await session.toBytes())
      assert.deepEqual([report.dcId, report.port, report.loggedIn], [4, 80, false])
    })

    it('gives the same bytes when nothing changed', async () => {
      const session = await SQLiteSession.fromBytes(await database(V7))
      const first = await session.toBytes()
      session.setDC(2, '149.154.167.51', 443)
      assert.deepEqual(await session.toBytes(), first)
      assert.deepEqual(await (await SQLiteSession.fromBytes(first)).toBytes(), first)
    })

    it('lists the sessions of a folder by their names', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-list-'))
      for (const file of ['b.session', 'a.session', 'a.session-journal', '.session', 'x.txt'])
        writeFileSync(path.join(folder, file), '')
      mkdirSync(path.join(folder, 'c.session'))
      assert.deepEqual(await SQLiteSession.listSessions(folder), ['a', 'b'])
      rmSync(folder, { recursive: true })
      await assert.rejects(SQLiteSession.listSessions(folder), { code: 'session.not_found' })
      assert.deepEqual(await SQLiteSession.listSessions(), [])
    })

    it('opens, saves and closes a file by its name', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-open-'))
      const session = new SQLiteSession(path.join(folder, 'anon'))
      await session.load()
      session.setDC(2, '149.154.167.51', 443)
      await session.save()
      assert.equal((await inspectSession(readFileSync(path.join(folder, 'anon.session')))).dcId, 2)
      await session.close()
      await session.delete()
      assert.deepEqual(readdirSync(folder), [])
      rmSync(folder, { recursive: true })
    })

    it('refuses bytes that are no session', async () => {
      await assert.rejects(SQLiteSession.fromBytes(Buffer.from('{}')), { code: 'session.foreign' })
    })
  })
}
