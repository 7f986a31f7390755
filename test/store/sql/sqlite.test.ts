import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { DEFAULT_RETRY } from '../../../src/base/retry.ts'
import { type OpenSqlOptions, openSqlStore } from '../../../src/store/sql/open.ts'
import type { SqlStore } from '../../../src/store/sql/sql-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'

const RACER = path.join(import.meta.dirname, '../../support/store/sql-racer.ts')
const KEY = 'main/head.json'
const ONCE = { ...DEFAULT_RETRY, attempts: 1 }
const body = (text: string): Uint8Array => new TextEncoder().encode(text)

async function ownFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'tgsession-sqlite-'))
}

storeContract(
  'sqlite',
  async () => {
    const folder = await ownFolder()
    const open = async (): Promise<SqlStore> => openSqlStore('sqlite:store.db', folder, { pageSize: 10 })
    return { store: await open(), another: open, close: async () => rm(folder, { recursive: true }) }
  },
  { large: true },
)

troubleContract(
  'sqlite',
  async () => {
    const folder = await ownFolder()
    return {
      missing: async () => openSqlStore('sqlite:nowhere/store.db', folder),
      close: async () => rm(folder, { recursive: true }),
    }
  },
  { network: false, refuses: false },
)

describe('SqlStore on SQLite', () => {
  let folder: string
  let url: string
  const opened: SqlStore[] = []
  const open = async (options: OpenSqlOptions = {}): Promise<SqlStore> => {
    const store = openSqlStore(url, folder, options)
    opened.push(store)
    return store
  }

  beforeEach(async () => {
    folder = await ownFolder()
    url = `sqlite:${folder}/store.db`
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    await rm(folder, { recursive: true })
  })

  it('counts exactly with four processes counting at once', async () => {
    const store = await open()
    await store.put(KEY, body('{"counts":{}}'), 'absent')
    const racers = ['a', 'b', 'c', 'd'].map((id) => race(id, 40))
    for (const { ended } of racers) assert.equal(await ended, 0)
    assert.deepEqual(await counts(store), { a: 40, b: 40, c: 40, d: 40 })
  })

  it('stays sound when writers are killed in the middle, with bodies in parts', async () => {
    const store = await open()
    await store.put(KEY, body('{"counts":{}}'), 'absent')
    const racers: Racer[] = []
    for (let round = 0; round < 8; round += 1) {
      const racer = race(`killed-${round}`, 1_000_000, 2_500_000)
      racers.push(racer)
      await Promise.race([once(racer.process.stdout!, 'data'), racer.ended])
      assert.equal(racer.process.exitCode, null, 'it ended too early')
      // Any moment will do, so that the rounds hit different ones.
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 23))
      racer.process.kill('SIGKILL')
      await racer.ended
    }
    const found = await counts(store)
    for (const racer of racers) {
      const unheard = (found[racer.id] ?? 0) - racer.told()
      assert.ok(
        unheard === 0 || unheard === 1,
        `${racer.id}: told ${racer.told()}, stored ${found[racer.id]}`,
      )
    }
    const later = await open({ now: () => Date.now() + 48 * 60 * 60 * 1000 })
    await later.put('large', new Uint8Array(1_500_000), 'absent')
    const database = new DatabaseSync(path.join(folder, 'store.db'))
    const rows = database.prepare('SELECT DISTINCT version FROM tgsession_chunks').all()
    database.close()
    assert.equal(rows.length, 2)
  })

  it('waits for a lock without blocking the process, and gives up in time', async () => {
    const store = await open({ retry: ONCE, limits: { queryMs: 3000 } })
    await store.put(KEY, body('x'), 'absent')
    const other = new DatabaseSync(path.join(folder, 'store.db'))
    other.exec('BEGIN EXCLUSIVE')
    let ticks = 0
    const ticking = setInterval(() => (ticks += 1), 10)
    await assert.rejects(store.get(KEY), { code: 'store.unreachable' })
    clearInterval(ticking)
    assert.ok(ticks >= 5, `${ticks}`)
    const waiting = store.get(KEY)
    other.exec('COMMIT')
    other.close()
    assert.deepEqual((await waiting)?.bytes, body('x'))
  })

  it('keeps the file to its owner', async () => {
    await (await open()).put(KEY, body('x'), 'absent')
    assert.equal((await stat(path.join(folder, 'store.db'))).mode & 0o777, 0o600)
  })

  it('says that a file is no database, or not sound, and leaves it alone', async () => {
    const text = 'this is no database, but it is somebody’s file all the same'.repeat(100)
    await writeFile(path.join(folder, 'store.db'), text)
    const store = await open()
    await assert.rejects(store.get(KEY), { code: 'store.damaged' })
    await assert.rejects(store.put(KEY, body('x'), 'absent'), { code: 'store.damaged' })
    assert.equal((await stat(path.join(folder, 'store.db'))).size, Buffer.byteLength(text))
  })

  it('says that the folder is not there, or that a folder is there', async () => {
    url = 'sqlite:nowhere/store.db'
    await assert.rejects((await open()).get(KEY), { code: 'store.not_found' })
    await mkdir(path.join(folder, 'taken'))
    url = 'sqlite:taken'
    await assert.rejects((await open()).get(KEY), { code: 'store.not_found' })
  })

  function race(id: string, times: number, ballast = 0): Racer {
    const args = [RACER, url, KEY, id, String(times), String(ballast)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = 0
    child.stdout.setEncoding('utf8').on('data', (lines: string) => {
      told += lines.split('\n').length - 1
    })
    return { id, process: child, told: () => told, ended: once(child, 'close').then(([code]) => code) }
  }
})

async function counts(store: SqlStore): Promise<Record<string, number>> {
  return JSON.parse(new TextDecoder().decode((await store.get(KEY))!.bytes)).counts
}

interface Racer {
  id: string
  process: ChildProcess
  told(): number
  ended: Promise<number | null>
}
