import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { Database } from '../../src/container/tables/database.ts'
import { leaseFence } from '../../src/container/lease/fence.ts'
import { KeySeal } from '../../src/container/rows/key-seal.ts'
import { LeaseRow } from '../../src/container/lease/lease-row.ts'
import { writeRows } from '../../src/container/rows/write-rows.ts'
import { LeaseError, UsageError } from '../../src/base/errors.ts'
import { takeLease } from '../../src/lease/take.ts'
import {
  connect,
  AUTH_KEY,
  containers,
  KEY,
  KINDS,
  MARIADB,
  type OwnDatabase,
  POSTGRES,
} from './databases.ts'
import { until } from '../support/until.ts'
import { steadyClock } from '../support/steady-clock.ts'

/** A machine that can be suspended: its timers do not come due, and it learns of nothing. */
function pausable(): { clock: Clock; pause: () => void } {
  let paused = false
  const clock: Clock = {
    ...steadyClock,
    sleep: async (ms, signal) => {
      await steadyClock.sleep(ms, signal)
      if (!paused) return
      await new Promise<void>((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
  }
  return { clock, pause: () => void (paused = true) }
}

const entity = (id: bigint, username: string | null = null) => ({
  id,
  hash: 1n,
  username,
  phone: null,
  name: null,
})
const MS = { ttlMs: 3000 }
const refused = (error: unknown): boolean =>
  error instanceof LeaseError && error.code === 'lease.held' && error.message.includes('worker.1')

// Each test has a session of its own.
describe('the leases of a container', { concurrency: true }, () => {
  for (const { name, skip, make } of KINDS)
    describe(`on ${name}`, { skip }, () => {
      let database: OwnDatabase
      const container = containers()
      before(async () => {
        database = await make()
      })
      after(async () => database.drop())

      it('let one in, and the next after him, with what he wrote', async () => {
        const first = await container(database).open('turns')
        first.session.core.setDC(2, '149.154.167.51', 443)
        first.session.core.setAuthKey(AUTH_KEY)
        const waited: string[] = []
        const next = container(database, { label: 'second' }).open('turns', {
          onWaiting: ({ label }) => waited.push(label),
        })
        await until(() => waited.length > 0)
        first.session.core.upsert([entity(7n, 'late')])
        await first.close()
        const second = await next
        assert.equal(second.generation, first.generation + 1)
        assert.deepEqual(Uint8Array.from(second.session.core.authKey() ?? []), AUTH_KEY)
        assert.equal(second.session.core.findById(7n)?.username, 'late')
        assert.equal(waited.length, 1)
        await second.close()
      })

      it("keep a paused holder's queue out after a takeover", async () => {
        const { clock, pause } = pausable()
        const paused = await container(database, { ...MS, clock, flushDelayMs: 60_000 }).open('fenced')
        paused.session.core.setDC(2, '149.154.167.51', 443)
        await paused.session.flush()
        await assert.rejects(paused.session.flush(Number.NaN), { code: 'option.not_a_number' })
        paused.session.core.setUpdateState(0, { pts: 1, qts: 1, date: 1, seq: 1 })
        paused.session.core.upsert([entity(1n, 'of_the_paused')])
        pause()
        const heir = await container(database, MS).open('fenced')
        assert.equal(heir.generation, paused.generation + 1)
        heir.session.core.setUpdateState(0, { pts: 2, qts: 2, date: 2, seq: 2 })
        await heir.session.flush()
        await assert.rejects(
          paused.session.flush(),
          (error) => error instanceof LeaseError && error.code === 'lease.lost',
        )
        // For good, also after the heir has gone.
        await heir.close()
        await assert.rejects(paused.session.flush(), LeaseError)
        const reader = await container(database, MS).open('fenced')
        assert.equal(reader.session.core.updateState(0)?.pts, 2)
        assert.equal(reader.session.core.findById(1n), undefined)
        await reader.close()
      })

      it('last as long as a number says, and no other value', () => {
        for (const ttlMs of [Number.NaN, '45s', 1e10, 0])
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as JavaScript may call it
          assert.throws(() => container(database, { ttlMs: ttlMs as number }), {
            code: 'option.not_a_number',
          })
        assert.throws(() => container(database, { maxQueued: -1 }), { code: 'option.not_a_number' })
      })

      it('are renewed, and tell their holder when they are lost', async () => {
        const opened = await container(database, MS).open('renewed')
        const beat = async (): Promise<number> =>
          Number(
            (await database.run(`SELECT beat FROM tgsession_leases WHERE session_id = 'renewed'`))[0]?.[
              'beat'
            ],
          )
        const first = await beat()
        await until(async () => (await beat()) > first + 1)
        assert.equal(opened.signal.aborted, false)
        const generation = opened.generation + 1
        await database.run(
          `UPDATE tgsession_leases SET holder = 'another', generation = ${generation} WHERE session_id = 'renewed'`,
        )
        await until(() => opened.signal.aborted)
        assert.match(String(opened.signal.reason), /another instance has taken the lease/)
        opened.session.core.upsert([entity(9n)])
        await assert.rejects(opened.close(), LeaseError)
        const rows = await database.run(`SELECT id FROM entities WHERE session_id = 'renewed'`)
        assert.deepEqual(rows, [])
      })

      it('refuse what would take a session from a living holder, and wait out a dead one', async () => {
        const { clock, pause } = pausable()
        const living = await container(database, { ...MS, clock, label: 'worker.1' }).open('taken')
        living.session.core.setDC(2, '149.154.167.51', 443)
        living.session.core.setAuthKey(AUTH_KEY.toReversed())
        await living.session.flush()
        const other = container(database)
        await assert.rejects(other.deleteSession('taken'), refused)
        await assert.rejects(other.exportSession('taken'), refused)
        await assert.rejects(other.newSession('taken').load(), refused)
        assert.ok((await other.exportSession('taken', { copy: true })).length > 1000)
        pause()
        await other.deleteSession('taken')
        assert.deepEqual(
          [
            await other.hasSession('taken'),
            await database.run(`SELECT * FROM sessions WHERE session_id = 'taken'`),
          ],
          [false, []],
        )
      })

      it('stop a session without one from writing as soon as somebody takes it', async () => {
        const unleased = container(database).newSession('free')
        await unleased.load()
        unleased.core.upsert([entity(1n)])
        await unleased.flush()
        const opened = await container(database).open('free')
        assert.notEqual(opened.session.core.findById(1n), undefined)
        unleased.core.upsert([entity(2n)])
        await assert.rejects(unleased.flush(), LeaseError)
        await opened.close()
        await assert.rejects(unleased.flush(), LeaseError)
      })

      it('are taken once in a process', async () => {
        const one = container(database)
        const opened = await one.open('once')
        await assert.rejects(one.open('once'), UsageError)
        await one.close()
        assert.equal(opened.session.core.processEntities({}), undefined)
      })
    })

  for (const { name, skip, make } of [POSTGRES, MARIADB])
    describe(`a transaction of the holder on ${name}`, { skip }, () => {
      it('ends before a takeover that came in between, which then reads what it wrote', async () => {
        const database = await make()
        const container = containers()
        const holder = await container(database, MS).open('race')
        await holder.close()
        const label = name
        const client = connect(database.url)
        const own = new Database(client, {
          tablePrefix: '',
          label,
          clock: steadyClock,
        })
        const port = new LeaseRow(own, 'race')
        const lease = await takeLease(port, { label, clock: steadyClock, ttlMs: 300 })
        await lease.abandon()
        const fence = leaseFence(own, 'race', lease)
        const order: string[] = []
        let heir: Promise<number | undefined> | undefined
        await own.transaction(async (db) => {
          await fence.check(db)
          heir = container(database)
            .open('race')
            .then((opened) => {
              order.push('taken')
              return opened.session.core.updateState(0)?.pts
            })
          // Long past the time of the lease: the heir is held up by the row's lock alone.
          await steadyClock.sleep(1500)
          const nothing = { auth: undefined, otherKeys: [], dropped: [], entities: [], files: [] }
          const states: [bigint, { pts: number; qts: number; date: number; seq: number }][] = [
            [0n, { pts: 41, qts: 0, date: 0, seq: 0 }],
          ]
          await writeRows({ database: own, id: 'race', seal: new KeySeal(KEY, false) }, db, {
            ...nothing,
            states,
          })
          order.push('written')
        })
        assert.equal(await heir, 41)
        assert.deepEqual(order, ['written', 'taken'])
        await assert.rejects(
          own.transaction((db) => fence.check(db)),
          LeaseError,
        )
        await client.destroy()
        after(async () => database.drop())
      })
    })
})
