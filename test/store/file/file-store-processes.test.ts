import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FileStore } from '../../../src/store/file/file-store.ts'

const RACER = path.join(import.meta.dirname, 'file-store-racer.ts')
const KEY = 'main/head.json'
const DAY_MS = 24 * 60 * 60 * 1000

describe('FileStore across processes', () => {
  let root: string
  let store: FileStore

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'tgsession-processes-'))
    store = await FileStore.open(root)
    await store.put(KEY, new TextEncoder().encode('{"counts":{}}'), 'absent')
  })
  afterEach(async () => rm(root, { recursive: true }))

  it('counts exactly with four processes counting at once', async () => {
    const racers = ['a', 'b', 'c', 'd'].map((id) => new Racer(root, id, 60))
    for (const racer of racers) assert.equal(await racer.ended, 0)
    assert.deepEqual(await counts(), { a: 60, b: 60, c: 60, d: 60 })
    assert.deepEqual(await counts(path.join(root, KEY)), { a: 60, b: 60, c: 60, d: 60 })
    assert.deepEqual(await readdir(path.join(root, '.versions/tmp')), [])
  })

  it('stays sound and loses no count when writers are killed in the middle, again and again', async () => {
    const steady = new Racer(root, 'steady', 1_000_000, 300_000)
    const killed: Racer[] = []
    for (let round = 0; round < 24; round += 1) {
      const racer = new Racer(root, `killed ${round}`, 1_000_000, 300_000)
      killed.push(racer)
      await racer.counted(1 + (round % 3))
      // Any moment will do, so that the rounds hit different ones.
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 13))
      racer.kill()
      await racer.ended
    }
    await steady.counted(steady.count + 3)
    steady.kill()
    await steady.ended

    const found = await counts()
    for (const racer of [...killed, steady]) {
      const stored = found[racer.id] ?? 0
      const lastUnheard = stored - racer.count
      assert.ok(lastUnheard === 0 || lastUnheard === 1, `${racer.id}: told ${racer.count}, stored ${stored}`)
    }
    for await (const key of store.list('')) assert.equal(key, KEY)

    const after = await FileStore.open(root, { now: () => Date.now() + 2 * DAY_MS })
    const { version } = (await after.get(KEY))!
    const next = await after.put(KEY, new TextEncoder().encode('{"counts":{"after":1}}'), version)
    assert.deepEqual(await counts(path.join(root, KEY)), { after: 1 })
    assert.deepEqual(await readdir(path.join(root, '.versions/tmp')), [])
    assert.deepEqual(await readdir(path.join(root, `.versions/keys/${KEY}%`, next)), [next])
  })

  async function counts(plain?: string): Promise<Record<string, number>> {
    const bytes = plain === undefined ? (await store.get(KEY))!.bytes : await readFile(plain)
    return JSON.parse(new TextDecoder().decode(bytes)).counts
  }
})

class Racer {
  readonly id: string
  readonly ended: Promise<number | null>
  count = 0
  readonly #process: ChildProcess
  #waiting: { count: number; resolve: () => void } | undefined

  constructor(root: string, id: string, times: number, ballast = 0) {
    this.id = id
    const args = [RACER, root, KEY, id, String(times), String(ballast)]
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    // 'close' comes after the last line was read, 'exit' may come before.
    this.ended = once(this.#process, 'close').then(([code]) => code)
    this.#process.stdout?.setEncoding('utf8').on('data', (lines: string) => {
      this.count += lines.split('\n').length - 1
      if (this.#waiting !== undefined && this.count >= this.#waiting.count) this.#waiting.resolve()
    })
  }

  async counted(count: number): Promise<void> {
    if (this.count >= count) return
    const reached = new Promise<void>((resolve) => {
      this.#waiting = { count, resolve }
    })
    await Promise.race([
      reached,
      this.ended.then((code) => Promise.reject(new Error(`${this.id} ended with ${code} too early`))),
    ])
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}
