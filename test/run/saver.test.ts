import assert from 'node:assert/strict'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, before, beforeEach, describe, it } from 'node:test'
import type { RunOptions } from '../../src/run/command/run.ts'
import { Saver } from '../../src/run/saver.ts'
import { verifySession } from '../../src/session/inspect.ts'
import { unreachable, ScriptedStore } from '../support/store/scripted-store.ts'
import { randomKey, sessionBytes, rigSession } from '../replica/support/sessions.ts'
import { readable, Setting } from '../replica/support/setting.ts'
import { entityNames, openTestReplica, Running } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { steadyClock } from '../support/steady-clock.ts'

describe('run, as it saves', () => {
  let session: Uint8Array
  let store: ScriptedStore
  const scratch = temporaryFolder()
  let file: string
  let files = 0
  const started: Running[] = []

  before(async () => {
    session = await rigSession()
  })
  beforeEach(async () => {
    store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(session)
    file = path.join(scratch, `${++files}.session`)
  })
  afterEach(async () => {
    store.broken = undefined
    for (const running of started.splice(0)) {
      running.stop()
      await running.ended
    }
  })

  const start = async (options: Partial<RunOptions>): Promise<Running & { times: number[] }> => {
    const times: number[] = []
    const running = new Running(openTestReplica(store), ['sleep', '1000'], {
      ...options,
      file,
      report: (event, fields = {}) => {
        running.events.push({ event, fields })
        if (event === 'session.saved') times.push(steadyClock.now())
      },
    })
    started.push(running)
    await running.saw('command.started')
    return Object.assign(running, { times })
  }

  /** In the command's place, by the saver's clock: when this machine is late, it is late for both. */
  async function write(everyMs: number, more: (commits: number) => boolean): Promise<void> {
    const database = new DatabaseSync(file, { timeout: 5000 })
    const insert = database.prepare('INSERT INTO entities (id, hash, name) VALUES (?, 1, ?)')
    for (let n = 1; more(n); n++) {
      insert.run(50_000 + n, `entity ${n}`)
      await steadyClock.sleep(everyMs)
    }
    database.close()
  }

  it('saves once it has been quiet, and not again while nothing changes', async () => {
    const running = await start({ quietMs: 300, maxMs: 60_000 })
    await write(50, (commits) => commits <= 5)
    await running.saw('session.saved')
    await steadyClock.sleep(1200)
    assert.equal(running.count('session.saved'), 1)
    const { bytes, revision } = await openTestReplica(store).restore()
    assert.equal(revision.revision, 2)
    assert.equal((await entityNames(bytes)).length, 6, 'everything up to the quiet')
    running.stop()
    await running.ended
    assert.equal((await openTestReplica(store).status()).current?.revision, 2, 'unchanged: no last save')
  })

  it('saves every maxMs while it is never quiet, and every revision is sound', async () => {
    const running = await start({ quietMs: 400, maxMs: 1200 })
    await write(5, () => running.times.length < 3)
    running.stop()
    await running.ended
    const [first = 0, second = 0, third = 0] = running.times
    for (const gap of [second - first, third - second]) assert.ok(gap >= 1150, `${gap} ms between two saves`)

    const reader = openTestReplica(store)
    const { history, current } = await reader.status()
    const { keyFingerprint } = await verifySession(session)
    for (const revision of [...history, current!]) {
      store.tamper((head) => ({ ...head, current: { ...revision, dead: null } }))
      const { bytes } = await reader.restore()
      assert.equal((await verifySession(bytes)).keyFingerprint, keyFingerprint)
    }
  })

  it('tries a failed save again while the command runs, and says so', async () => {
    store.broken = (key, method) => method === 'put' && key.includes('revisions/')
    const running = await start({ quietMs: 100, maxMs: 1000 })
    await write(0, (commits) => commits <= 1)
    assert.equal((await running.saw('save.failed', 2))['code'], 'store.unreachable')
    assert.equal(running.count('command.ended'), 0)
    store.broken = undefined
    await running.saw('session.saved')
  })
})

describe('a store that takes no revision', () => {
  for (const [jitter, firstMs] of [
    [0, 1000],
    [1, 2000],
  ] as const)
    it(`is asked again after ${firstMs} ms, then after pauses that double up to five minutes`, async () => {
      const setting = new Setting()
      const replica = setting.replica('worker.1', { cipher: readable() })
      const key = randomKey()
      await setting.during(replica.push(await sessionBytes({ key })))
      const lease = await setting.during(replica.lease())
      const states = [await sessionBytes({ key, peers: 1 }), await sessionBytes({ key, peers: 2 })]
      const pauses: unknown[] = []
      const stop = new AbortController()
      let [checkpoint, state] = [0, 0]
      const saver = new Saver({
        replica,
        lease,
        base: setting.head.current!,
        // It never stands still.
        source: { checkpoint: async () => String(checkpoint++), capture: async () => states[state]! },
        clock: setting.time.clock(),
        report: (event, fields) => event === 'save.failed' && pauses.push(fields?.['retryInMs']),
        random: () => jitter,
      })
      const failing = (times: number): void =>
        setting.store.fault({ key: 'revisions/', answer: unreachable(), lands: false, times })
      const saved = async (revision: number): Promise<void> => {
        for (let steps = 0; setting.head.current?.revision !== revision && steps < 5000; steps++) {
          await setting.time.run(setting.time.now + 1000)
          await delay(1)
        }
      }
      setting.store.requests = []
      failing(10)
      const ended = saver.watch(stop.signal).catch((error: unknown) => error)
      await saved(2)
      const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 150, 150].map((times) => times * firstMs)
      assert.deepEqual(pauses, doubled)
      assert.equal(setting.store.requests.filter((one) => one.startsWith('put main/revisions/')).length, 11)
      state = 1
      failing(1)
      await saved(3)
      assert.deepEqual(pauses, [...doubled, firstMs], 'after a good save it begins anew')
      stop.abort(new Error('enough'))
      await setting.during(ended)
      await setting.during(lease.release())
      setting.assertTidy()
    })
})

describe('a session that grows', () => {
  it('is told of once at half of what may be stored, while it runs', async () => {
    const setting = new Setting()
    const key = randomKey()
    const bytes = await sessionBytes({ key })
    const replica = setting.replica('worker.1', { cipher: readable(), maxBytes: bytes.length * 1.9 })
    await setting.during(replica.push(bytes))
    const lease = await setting.during(replica.lease())
    const told: unknown[] = []
    let peers = 0
    const saver = new Saver({
      replica,
      lease,
      base: setting.head.current!,
      source: { checkpoint: async () => String(peers), capture: () => sessionBytes({ key, peers: ++peers }) },
      clock: setting.time.clock(),
      report: (event, fields) => event === 'session.large' && told.push(fields),
    })
    for (let saves = 0; saves < 2; saves++) await setting.during(saver.save())
    assert.deepEqual(told, [{ bytes: bytes.length, limit: bytes.length * 1.9 }])
    await setting.during(lease.release())
  })
})
