import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { RunOptions } from '../../../../src/run/command/run.ts'
import { verifySession } from '../../../../src/session/inspect.ts'
import { mayMount, SmallDisk } from '../../../support/chaos/disk.ts'
import { openTestReplica, Running } from '../../../support/rig.ts'
import { ScriptedStore } from '../../../support/store/scripted-store.ts'
import { rigSession } from '../../../replica/support/sessions.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { until } from '../../../support/until.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../../programs', name)
const NODE = process.execPath

const temporary = (): string[] => readdirSync(process.env['TMPDIR'] ?? '')
const fingerprint = async (bytes: Uint8Array): Promise<string> => (await verifySession(bytes)).keyFingerprint

describe('the place of a session', () => {
  let session: Uint8Array
  let other: Uint8Array
  const scratch = temporaryFolder()
  let store: ScriptedStore
  let file: string
  let tests = 0
  const usual = process.env['TMPDIR']
  const started: Running[] = []

  before(async () => {
    session = await rigSession()
    other = await rigSession()
  })
  after(async () => {
    if (usual === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = usual
  })
  beforeEach(async () => {
    const folder = path.join(scratch, String(++tests))
    await mkdir(path.join(folder, 'tmp'), { recursive: true })
    process.env['TMPDIR'] = path.join(folder, 'tmp')
    file = path.join(folder, 'named.session')
    store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(session)
  })
  afterEach(async () => {
    for (const running of started.splice(0)) {
      running.stop()
      await running.ended.catch(() => undefined)
    }
  })

  const start = (argv: string[], options: Partial<RunOptions> = {}, name = 'main'): Running => {
    const replica = Object.assign(openTestReplica(store), { name })
    const running = new Running(replica, argv, options)
    started.push(running)
    return running
  }
  const beside = (): string[] => readdirSync(path.dirname(file)).filter((name) => name !== 'tmp')
  /** What a wrapper leaves that was killed. */
  const leave = async (folder: string, bytes: Uint8Array, name = 'main'): Promise<string> => {
    const run = path.join(process.env['TMPDIR'] ?? '', folder, `.${name}.session.run`)
    await mkdir(run, { recursive: true })
    await writeFile(path.join(run, 'of'), `${JSON.stringify({ store: store.label, name })}\n`)
    await writeFile(path.join(run, 'lock'), '')
    await writeFile(path.join(run, 'copy'), bytes)
    await writeFile(path.join(path.dirname(run), `${name}.session`), bytes)
    return path.dirname(run)
  }

  it('holds nothing else after the end', async () => {
    assert.equal(await start(['true'], { file }).ended, 0)
    assert.deepEqual(beside(), ['named.session'])
    assert.equal(await start(['true']).ended, 0)
    assert.deepEqual(temporary(), [])
  })

  it('is replaced with what SQLite kept beside the session of before', async () => {
    for (const suffix of ['', '-journal', '-wal', '-shm']) await writeFile(file + suffix, '')
    await writeFile(file, session)
    assert.equal(await start(['true'], { file }).ended, 0)
    assert.deepEqual(beside(), ['named.session'])
    assert.deepEqual(new Uint8Array(readFileSync(file)), session)
  })

  it('is of one wrapper: another session is refused, the same one takes over', async () => {
    const first = start(['sleep', '60'], { file })
    await first.saw('command.started')
    await assert.rejects(start(['true'], { file }, 'second').ended, {
      code: 'run.file_served',
      exitCode: 78,
    })
    await assert.rejects(start(['true'], { file, maxWaitMs: 100 }).ended, { exitCode: 75 })
    const next = start(['true'], { file })
    assert.match(String((await next.saw('session.waiting'))['for']), /another tgsession/)
    first.stop()
    assert.equal(await next.ended, 0)
    assert.deepEqual(beside(), ['named.session'])
  })

  it('is refused before the lease is taken where it is no place for a session', async () => {
    await writeFile(file, 'SQLite format 3\0 and then something else')
    const running = start(['true'], { file: path.join(path.dirname(file), 'tmp') })
    await assert.rejects(running.ended, { code: 'session.bad_target', exitCode: 78 })
    await writeFile(file, 'precious')
    await assert.rejects(start(['true'], { file }).ended, { code: 'session.foreign_file', exitCode: 78 })
    assert.equal(readFileSync(file, 'utf8'), 'precious')
    assert.equal((await openTestReplica(store).status()).generation, 0)
  })

  it('is not taken from a process that has it open', async () => {
    await writeFile(file, session)
    const user = spawn('sh', ['-c', 'exec 3<"$0"; echo; exec sleep 60', file])
    await once(user.stdout, 'data')
    await assert.rejects(start(['true'], { file }).ended, { code: 'session.file_in_use', exitCode: 78 })
    user.kill('SIGKILL')
    await once(user, 'exit')
  })

  it('is swept of what killed wrappers of this session have left, and of nothing else', async () => {
    const swept = await leave('tgsession-swept1', session)
    const others = await leave('tgsession-other1', session, 'second')
    const inUse = await leave('tgsession-inuse1', session)
    const user = spawn('sh', ['-c', 'exec 3<"$0"; echo; exec sleep 60', path.join(inUse, 'main.session')])
    await once(user.stdout, 'data')
    assert.equal(await start(['true']).ended, 0)
    assert.deepEqual([swept, others, inUse].map(existsSync), [false, true, true])
    user.kill('SIGKILL')
    await once(user, 'exit')
  })

  it('loses no auth key that the store does not hold', async () => {
    await leave('tgsession-swept2', other)
    assert.equal(await start(['true']).ended, 0)
    const { quarantined, current } = await openTestReplica(store).status()
    assert.deepEqual(
      quarantined.map((entry) => entry.keyFingerprint),
      [await fingerprint(other)],
    )
    assert.equal(current?.keyFingerprint, await fingerprint(session))
    const third = await rigSession()
    await writeFile(file, third)
    const running = start(['true'], { file })
    assert.equal(await running.ended, 0)
    assert.equal((await running.saw('session.quarantined'))['key'], await fingerprint(third))
    assert.deepEqual(new Uint8Array(readFileSync(file)), session)
  })

  it('keeps what could not be saved, through the next starts', async () => {
    for (const options of [{ file }, {}]) {
      const running = start([NODE, program('hot.ts')], { ...options, quietMs: 60_000, maxMs: 60_000 })
      store.broken = (key, method) => method === 'put' && key.includes('revisions/')
      assert.equal(await running.ended, 79)
      const kept = String((await running.saw('session.kept'))['file'])
      store.broken = undefined
      for (let starts = 0; starts < 2; starts++) assert.equal(await start(['true'], options).ended, 0)
      assert.equal(await fingerprint(readFileSync(kept)), await fingerprint(session))
    }
  })

  it('names a session that the command has removed, and nothing that is kept', async () => {
    const running = start(['sh', '-c', 'rm "$TGSESSION_FILE"'], { file, quietMs: 60_000 })
    assert.equal(await running.ended, 79)
    assert.equal((await running.saw('save.failed'))['code'], 'session.gone')
    assert.equal(running.count('session.kept'), 0)
  })

  it('goes on where the command puts a FIFO there, and says so while it runs', async () => {
    const line = 'rm "$TGSESSION_FILE"; mkfifo "$TGSESSION_FILE"; sleep 60'
    const running = start(['sh', '-c', line], { file })
    await until(
      () => running.events.some(({ fields }) => fields['code'] === 'session.no_file'),
      'the FIFO to be named',
    )
    running.stop()
    assert.equal(await running.ended, 79)
  })

  it(
    'has a code of its own where the disk has no room at the start',
    { skip: mayMount() ? false : 'this user may not mount a small disk' },
    async () => {
      const disk = await SmallDisk.mount(path.join(path.dirname(file), 'small'), 1)
      try {
        process.env['TMPDIR'] = disk.folder
        await disk.fill()
        await assert.rejects(start(['true']).ended, (error) => {
          assert.equal(Reflect.get(Object(error), 'code'), 'run.not_placed')
          assert.match(String(Reflect.get(Object(error), 'hint')), /full.*TMPDIR/)
          return true
        })
        assert.equal((await openTestReplica(store).status()).holder, null)
      } finally {
        await disk.unmount()
      }
    },
  )
})
