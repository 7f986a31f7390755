import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Dialect, Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import type { HeldSession } from '../../src/container/held-session.ts'
import { LeaseError } from '../../src/base/errors.ts'
import { containers, MARIADB, type OwnDatabase, POSTGRES } from './databases.ts'
import { until } from '../support/until.ts'

const SESSIONS = 40

describe('the renewals of a container', { concurrency: true }, () => {
  for (const [{ name, skip, make }, dialect] of [
    [
      POSTGRES,
      (url: string): Dialect => {
        const pool = new Pool({ connectionString: url, max: 4 })
        // Its end does not wait for the sockets: the server may end one itself, when the database is dropped.
        pool.on('error', () => undefined)
        return new PostgresDialect({ pool })
      },
    ],
    [
      MARIADB,
      (url: string): Dialect => new MysqlDialect({ pool: createPool({ uri: url, connectionLimit: 4 }) }),
    ],
  ] as const)
    describe(`on ${name}`, { skip }, () => {
      let database: OwnDatabase
      const container = containers()
      before(async () => {
        database = await make()
      })
      after(async () => database.drop())

      it('go together in one statement, and one that is lost is lost alone', async () => {
        const statements: string[] = []
        // oxlint-disable-next-line typescript/no-explicit-any
        const db = new Kysely<any>({
          dialect: dialect(database.url),
          log: ({ query }) => void statements.push(query.sql),
        })
        const own = container({ where: { db } }, { ttlMs: 9000 })
        const opened: HeldSession[] = []
        // One after another: what waits for its turn loses time of its lease.
        for (let i = 0; i < SESSIONS; i += 1) opened.push(await own.open(`s${i}`))
        const beats = async (): Promise<Map<string, number>> => {
          const rows = await database.run('SELECT session_id, beat FROM tgsession_leases')
          return new Map(rows.map((row) => [String(row['session_id']), Number(row['beat'])]))
        }
        const first = await beats()
        statements.length = 0
        await until(async () => [...(await beats())].every(([id, beat]) => beat >= (first.get(id) ?? 0) + 3))
        const renewed = [...(await beats())].reduce((sum, [id, beat]) => sum + beat - (first.get(id) ?? 0), 0)
        assert.ok(renewed >= SESSIONS * 3)
        // Three, unless this machine was late with its timers.
        assert.ok(statements.length * 10 < renewed, `${statements.length} statements for ${renewed} renewals`)
        assert.ok(statements.every((text) => /^update \S*tgsession_leases/.test(text)))

        await database.run(
          `UPDATE tgsession_leases SET holder = 'another', generation = generation + 1 WHERE session_id = 's7'`,
        )
        const last = await beats()
        await until(() => opened[7]?.signal.aborted === true)
        await until(async () =>
          [...(await beats())].every(([id, beat]) => id === 's7' || beat > (last.get(id) ?? 0) + 1),
        )
        const lost = opened.filter(({ signal }) => signal.aborted)
        assert.deepEqual(
          lost.map(({ id, signal }) => [id, signal.reason instanceof LeaseError && signal.reason.code]),
          [['s7', 'lease.lost']],
        )
        await own.close()
        await db.destroy()
      })

      for (const [whose, prefix] of [
        ['its own', 'hung_'],
        ["the user's", 'hung2_'],
      ] as const)
        it(`wait for no write: where as many hang as ${whose} pool has connections, all leases live`, async () => {
          // oxlint-disable-next-line typescript/no-explicit-any
          const users = new Kysely<any>({ dialect: dialect(database.url) })
          const where = prefix === 'hung_' ? database.where : { db: users }
          const own = container({ where }, { tablePrefix: prefix, ttlMs: 6000, flushDelayMs: 1 })
          const opened = await Promise.all(Array.from({ length: 8 }, (_, i) => own.open(`s${i}`)))
          const writing = opened.slice(0, 4)
          const beats = async (): Promise<number[]> => {
            const rows = await database.run(`SELECT beat FROM ${prefix}tgsession_leases ORDER BY session_id`)
            return rows.map((row) => Number(row['beat']))
          }
          // oxlint-disable-next-line typescript/no-explicit-any
          const other = new Kysely<any>({ dialect: dialect(database.url) })
          await other.transaction().execute(async (db) => {
            for (const { id } of writing)
              await db.insertInto(`${prefix}entities`).values({ session_id: id, id: 1, hash: 1 }).execute()
            const entity = { id: 1n, hash: 2n, username: null, phone: null, name: null }
            for (const { session } of writing) session.core.upsert([entity])
            const first = await beats()
            // Longer than a lease lasts.
            await until(async () => (await beats()).every((beat, index) => beat >= (first[index] ?? 0) + 4))
            const rows = await db.selectFrom(`${prefix}entities`).select('hash').execute()
            assert.ok(rows.length === 4 && rows.every(({ hash }) => Number(hash) === 1), 'the writes hang')
          })
          await other.destroy()
          assert.ok(opened.every(({ signal }) => !signal.aborted))
          await own.close()
          await users.destroy()
          const rows = await database.run(`SELECT hash FROM ${prefix}entities`)
          assert.deepEqual(
            rows.map((row) => Number(row['hash'])),
            [2, 2, 2, 2],
          )
        })
    })
})
