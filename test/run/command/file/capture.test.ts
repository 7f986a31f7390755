import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, watch } from 'node:fs'
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { before, beforeEach, describe, it } from 'node:test'
import { SaveFailedError, UnreachableError } from '../../../../src/base/errors.ts'
import { captureFinal, captureLive, fileCheckpoint } from '../../../../src/run/command/file/capture.ts'
import { verifySession } from '../../../../src/session/inspect.ts'
import { mayMount, SmallDisk } from '../../../support/chaos/disk.ts'
import { missing, PYTHON } from '../../../support/requires.ts'
import { entityNames } from '../../../support/rig.ts'
import { rigSession } from '../../../replica/support/sessions.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { until } from '../../../support/until.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../../programs', name)

/** Ends what would hang. */
const PATIENCE_MS = 120_000

/** The newest commit of commits.py in a copy; both halves of every commit are in it, or it is torn. */
async function lastWholeCommit(copy: Uint8Array): Promise<number> {
  const halves = new Map<string, number>()
  for (const name of await entityNames(copy))
    if (name.startsWith('commit ')) halves.set(name, (halves.get(name) ?? 0) + 1)
  assert.deepEqual(
    [...halves].filter(([, count]) => count !== 2),
    [],
  )
  return Math.max(0, ...[...halves.keys()].map((name) => Number(name.slice('commit '.length))))
}

describe('capture', () => {
  let session: Uint8Array
  const scratch = temporaryFolder()
  let file: string
  let copies: string
  let files = 0

  before(async () => {
    session = await rigSession()
  })
  beforeEach(async () => {
    file = path.join(scratch, `${++files}.session`)
    copies = path.join(scratch, `${files}.copies`)
    await mkdir(copies)
    await writeFile(file, session)
  })

  const start = (command: string, args: string[], env: Record<string, string> = {}): ChildProcess =>
    spawn(command, args, { env: { ...process.env, TGSESSION_FILE: file, ...env }, stdio: 'ignore' })

  /** Captures while the writer writes; every copy must be whole and never older than the one before. */
  async function captureMany(writer: ChildProcess): Promise<void> {
    const { keyFingerprint } = await verifySession(session)
    const unwritten = await fileCheckpoint(file)
    await until(async () => (await fileCheckpoint(file)) !== unwritten, 'the first write')
    let [captures, entities, growing] = [0, 0, 0]
    const enough = (): boolean => captures >= 30 && growing >= 10
    for (const giveUpAt = performance.now() + PATIENCE_MS; !enough() && performance.now() < giveUpAt;) {
      // A writer in the middle of a transaction refuses; the saver tries again at its next tick.
      const copy = await captureLive(file, copies).catch((error: unknown) => {
        assert.ok(error instanceof UnreachableError && error.code === 'session.busy', String(error))
        return null
      })
      if (!copy) continue
      captures++
      assert.equal((await verifySession(copy)).keyFingerprint, keyFingerprint)
      const names = await entityNames(copy)
      assert.ok(names.length >= entities, 'never backwards')
      growing += Number(names.length > entities)
      entities = names.length
    }
    writer.kill('SIGTERM')
    await once(writer, 'exit')
    assert.ok(enough(), `${captures} captures, ${growing} of them newer`)
    assert.deepEqual(readdirSync(copies), [])
  }

  it('copies a file whole that Node writes to many times a second', async () => {
    await captureMany(start(process.execPath, [program('write.ts')], { EVERY_MS: '2' }))
  })

  it('copies a file whole that Telethon writes to', { skip: missing.telethon() }, async () => {
    await captureMany(start(PYTHON, [program('write.py')]))
  })

  for (const mode of ['delete', 'wal'])
    it(
      `never tears a transaction of a Python program that commits all the time (journal mode ${mode})`,
      {
        skip: missing.command(PYTHON),
      },
      async () => {
        const { keyFingerprint } = await verifySession(session)
        const writer = spawn(PYTHON, [program('commits.py')], {
          env: { ...process.env, TGSESSION_FILE: file, MODE: mode },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        let commits = ''
        writer.stdout.on('data', (part: Buffer) => (commits += part.toString()))
        const last: number[] = []
        const enough = (): boolean => last.length >= 40 && (last.at(-1) ?? 0) >= 1000
        for (const giveUpAt = performance.now() + PATIENCE_MS; !enough() && performance.now() < giveUpAt;) {
          const copy = await captureLive(file, copies).catch((error: unknown) => {
            assert.ok(error instanceof UnreachableError && error.code === 'session.busy', String(error))
            return null
          })
          if (!copy) continue
          assert.equal((await verifySession(copy)).keyFingerprint, keyFingerprint)
          const commit = await lastWholeCommit(copy)
          if (commit > (last.at(-1) ?? 0)) last.push(commit)
        }
        writer.kill('SIGTERM')
        await once(writer, 'exit')
        assert.ok(enough(), `${last.length} copies, each newer than the one before, of ${commits} commits`)
        const final = await captureFinal(file)
        assert.equal(await lastWholeCommit(final), Number(commits))
        assert.equal((await verifySession(final)).keyFingerprint, keyFingerprint)
      },
    )

  it('makes its copy with mode 0600 from its birth', async () => {
    const modes = new Set<number>()
    const watcher = watch(copies, (_, name) => {
      const mode =
        name === null ? undefined : statSync(path.join(copies, name), { throwIfNoEntry: false })?.mode
      if (mode !== undefined) modes.add(mode & 0o777)
    })
    const umask = process.umask(0)
    try {
      for (let tries = 0; tries < 200 && modes.size === 0; tries++) await captureLive(file, copies)
    } finally {
      process.umask(umask)
      watcher.close()
    }
    assert.deepEqual([...modes], [0o600])
  })

  it('opens nothing that the command has put in its place, and says so', { timeout: 60_000 }, async () => {
    for (const [make, code] of [
      [() => undefined, 'session.gone'],
      [() => mkdir(file), 'session.no_file'],
      [() => execFileSync('mkfifo', [file]), 'session.no_file'],
      [() => symlink('/dev/zero', file), 'session.no_file'],
      [() => writeFile(file, '').then(() => truncate(file, 513 * 1024 * 1024)), 'session.over_limit'],
    ] as const) {
      await rm(file, { recursive: true })
      await make()
      for (const look of [
        () => fileCheckpoint(file),
        () => captureLive(file, copies),
        () => captureFinal(file),
      ])
        await assert.rejects(look, { code, exitCode: 79 })
      if (!existsSync(file)) await writeFile(file, '')
    }
  })

  it('rolls back what a killed writer left half done', async () => {
    await once(start(process.execPath, [program('hot.ts')]), 'exit')
    assert.ok(existsSync(`${file}-journal`), 'the program left a hot journal, or this proves nothing')
    assert.deepEqual(await entityNames(await captureFinal(file)), ['Rig', 'committed'])
    assert.equal(existsSync(`${file}-journal`), false)
  })

  it('refuses to make an empty session out of a file that is gone', async () => {
    const gone = path.join(scratch, 'gone.session')
    await assert.rejects(captureLive(gone, copies))
    await assert.rejects(captureFinal(gone))
    assert.equal(existsSync(gone), false)
  })

  it(
    'says so where the disk has no room for a copy, and needs none after the end',
    {
      skip: mayMount() ? false : 'this user may not mount a small disk',
    },
    async () => {
      const disk = await SmallDisk.mount(path.join(scratch, 'small'), 1)
      try {
        file = path.join(disk.folder, 'main.session')
        copies = disk.folder
        await writeFile(file, session)
        await disk.fill()
        await assert.rejects(captureLive(file, copies), (error) => {
          return error instanceof SaveFailedError && error.code === 'session.no_room'
        })
        assert.deepEqual(readdirSync(disk.folder).toSorted(), ['filler', 'main.session'])
        assert.deepEqual(Buffer.from(await captureFinal(file)), Buffer.from(session))
      } finally {
        await disk.unmount()
      }
    },
  )
})
