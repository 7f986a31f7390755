import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { Database } from '../../src/container/tables/database.ts'
import { isPassing } from '../../src/sql/database.ts'
import { readLeases } from '../../src/container/lease/renewals.ts'
import { SaveFailedError, TgsessionError } from '../../src/base/errors.ts'
import { SqlProxy } from '../support/store/sql-proxy.ts'
import { withPort } from '../support/store/sql-servers.ts'
import {
  connect,
  AUTH_KEY,
  containers,
  KINDS,
  MARIADB,
  type OwnDatabase,
  POSTGRES,
  SQLITE,
} from './databases.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { until } from '../support/until.ts'
import { steadyClock } from '../support/steady-clock.ts'

const entity = (id: number, username: string | null = null, name: string | null = null) => ({
  id: BigInt(id),
  hash: BigInt(id) * 3n,
  username,
  phone: null,
  name,
})

for (const { name, kind, skip, make } of [POSTGRES, MARIADB])
  describe(`a container on ${name} whose database fails`, { skip }, () => {
    let database: OwnDatabase
    let proxy: SqlProxy
    const container = containers()
    const throughProxy = () => ({ where: withPort(database.url, proxy.port) })
    before(async () => {
      database = await make()
      proxy = await SqlProxy.start(database.url)
    })
    after(async () => {
      await proxy.close()
      await database.drop()
    })

    it('breaks nothing, reports it, and writes what waited in the end', async () => {
      const errors: Error[] = []
      const options = { onError: (error: Error) => void errors.push(error), flushDelayMs: 1 }
      const session = container(throughProxy(), options).newSession('flaky')
      await session.load()
      proxy.plan('INSERT'.toLowerCase(), 'cut', 2)
      session.core.upsert([entity(1, 'first_name')])
      session.core.setDC(2, '149.154.167.51', 443)
      session.core.setAuthKey(AUTH_KEY)
      await until(() => errors.length > 0)
      const [error] = errors
      assert.ok(error instanceof TgsessionError && error.code === 'container.unreachable', error?.message)
      session.core.upsert([entity(2)])
      await session.flush()
      const rows = await database.run(`SELECT id FROM entities WHERE session_id = 'flaky' ORDER BY id`)
      assert.deepEqual(
        rows.map((row) => Number(row['id'])),
        [1, 2],
      )
      assert.equal(proxy.mishaps, 2)
      await session.close()
    })

    it('writes once what landed although its answer was lost', async () => {
      const session = container(throughProxy(), { flushDelayMs: 60_000 }).newSession('landed')
      await session.load()
      proxy.plan('commit', 'cut answer')
      session.core.setUpdateState(5, { pts: 8, qts: 0, date: 0, seq: 0 })
      await session.flush()
      assert.equal(proxy.mishaps, 1)
      const rows = await database.run(`SELECT pts FROM update_state WHERE session_id = 'landed'`)
      assert.deepEqual(
        rows.map((row) => Number(row['pts'])),
        [8],
      )
      await session.close()
    })

    it('gives up a flush after a while by name, and keeps what waits', async () => {
      const session = container(throughProxy(), {
        flushDelayMs: 60_000,
        onError: () => undefined,
      }).newSession('named')
      await session.load()
      proxy.plan('update', 'cut', 1000)
      session.core.upsert([entity(3)])
      await assert.rejects(
        session.flush(50),
        (error) => error instanceof SaveFailedError && error.code === 'container.save_failed',
      )
      proxy.plan('nothing', 'cut', 0)
      await session.close()
      assert.equal((await database.run(`SELECT id FROM entities WHERE session_id = 'named'`)).length, 1)
    })

    it('gives up a connection on which no answer came, and works on with others', async () => {
      await container(database).listSessions()
      const { where } = throughProxy()
      const label = 'here'
      const db = connect(where, { most: 2, limits: { queryMs: 300 } })
      const own = new Database(db, { tablePrefix: '', label, clock: systemClock })
      const ask = () => own.once((inside) => readLeases(own, inside, ['nobody']))
      proxy.plan('tgsession_leases', 'swallow', 2)
      for (let time = 0; time < 2; time += 1)
        await assert.rejects(
          ask(),
          (error) => isPassing(error) && /here: no usable answer/.test(String(error)),
        )
      assert.deepEqual(await ask(), [undefined])
      assert.equal(proxy.mishaps, 2)
      await db.destroy()
    })

    it('bids the server to end what it has forgotten', async () => {
      const client = connect(database.url)
      const own = new Database(client, {
        tablePrefix: '',
        label: '',
        clock: systemClock,
      })
      const settings = await own.transaction(async (db) => {
        const { rows } = await (
          kind === 'postgres'
            ? sql`select current_setting('statement_timeout') as wait,
              current_setting('idle_in_transaction_session_timeout') as idle`
            : sql`select @@innodb_lock_wait_timeout as wait, @@wait_timeout as idle`
        ).execute(db)
        return rows
      })
      assert.deepEqual(settings, [
        kind === 'postgres' ? { wait: '10s', idle: '15s' } : { wait: 10, idle: 60 },
      ])
      await client.destroy()
    })

    it('opens four connections at most', async () => {
      const own = await SqlProxy.start(database.url)
      const many = container({ where: withPort(database.url, own.port) })
      const opened = await Promise.all(Array.from({ length: 12 }, (_, i) => many.open(`many-${i}`)))
      for (const { session } of opened) session.core.upsert([entity(1)])
      await Promise.all(opened.map((one) => one.close()))
      assert.ok(own.open <= 4 && own.connections <= 4, `${own.connections}`)
      await many.close()
      await own.close()
    })
  })

describe('the queue of a session', () => {
  let database: OwnDatabase
  const container = containers()
  before(async () => {
    database = await SQLITE.make()
  })
  after(async () => database.drop())

  it('writes the key at once, and the cache after a moment by itself', async () => {
    const session = container(database, { flushDelayMs: 50 }).newSession('soon')
    await session.load()
    const count = async (table: string): Promise<number> =>
      (await database.run(`SELECT 1 FROM ${table} WHERE session_id = 'soon'`)).length
    session.core.upsert([entity(1)])
    await until(async () => (await count('entities')) === 1)
    session.core.setDC(2, '149.154.167.51', 443)
    await until(async () => (await count('sessions')) === 1)
    // The one that wakes it again when it has just gone to sleep.
    for (let id = 2; id < 30; id += 1) {
      session.core.upsert([entity(id)])
      await new Promise((resolve) => setTimeout(resolve, id))
    }
    await until(async () => (await count('entities')) === 29)
    await session.close()
  })

  it('lets the process end once it is closed', async () => {
    let sleeping = 0
    const clock: Clock = {
      ...steadyClock,
      sleep: async (ms, signal) => {
        sleeping += 1
        await steadyClock.sleep(ms, signal).finally(() => (sleeping -= 1))
      },
    }
    const session = container(database, { clock, flushDelayMs: 60_000 }).newSession('ending')
    await session.load()
    session.core.upsert([entity(1)])
    await until(() => sleeping > 0)
    await session.close()
    await until(() => sleeping === 0)
  })

  it('commits nothing that was given up', async () => {
    const session = container(database).newSession('late')
    await session.load()
    await session.close()
    const due = Promise.withResolvers<void>()
    const waits = [due.promise]
    const clock: Clock = { ...systemClock, sleep: () => waits.shift() ?? new Promise(() => undefined) }
    const client = connect(database.url)
    const own = new Database(client, { tablePrefix: '', label: '', clock })
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const writing = own.transaction(async (db) => {
      begun.resolve()
      await goOn.promise
      await db
        .insertInto('update_state')
        .values({ session_id: 'late', entity_id: '0', pts: '1', qts: '0', date: '0', seq: '0' })
        .execute()
    })
    await begun.promise
    due.resolve()
    await assert.rejects(writing, { code: 'container.unreachable' })
    goOn.resolve()
    // Its turn comes when the other is over.
    assert.deepEqual(await own.once((db) => db.selectFrom('update_state').selectAll().execute()), [])
    await client.destroy()
  })

  it('has a bound with a name, which the key does not know', async () => {
    const errors: Error[] = []
    const options = {
      maxQueued: 10,
      flushDelayMs: 60_000,
      onError: (error: Error) => void errors.push(error),
    }
    const session = container(database, options).newSession('bound')
    await session.load()
    session.core.upsert(Array.from({ length: 25 }, (_, i) => entity(i + 1)))
    assert.deepEqual(
      errors.map((error) => error instanceof TgsessionError && error.code),
      ['container.queue_full'],
    )
    assert.notEqual(session.core.findById(25n), undefined)
    session.core.setDC(2, '149.154.167.51', 443)
    await session.close()
    assert.equal((await database.run(`SELECT * FROM entities WHERE session_id = 'bound'`)).length, 10)
    assert.equal((await database.run(`SELECT * FROM sessions WHERE session_id = 'bound'`)).length, 1)
  })

  it('preloads all, the newest, or none, and learns what it missed', async () => {
    const writer = container(database).newSession('preload')
    await writer.load()
    for (let id = 1; id <= 20; id += 1) writer.core.upsert([entity(id, `user_${id}`, `Name ${id}`)])
    writer.core.userId = 777n
    await writer.close()

    const newest = container(database, { preload: 5 }).newSession('preload')
    await newest.load()
    assert.equal(newest.core.userId, 777n)
    assert.equal(newest.core.findByText('user_20')?.id, 20n)
    assert.equal(newest.core.findByText('user_3'), undefined)
    await until(() => newest.core.findByText('user_3')?.id === 3n)

    const none = container(database, { preload: 'none' }).newSession('preload')
    await none.load()
    assert.deepEqual(
      [none.core.userId, none.core.findById(4n), none.core.findByText('Name 5')],
      [777n, undefined, undefined],
    )
    await until(
      () => none.core.findById(4n)?.username === 'user_4' && none.core.findByText('Name 5')?.id === 5n,
    )
    assert.equal(none.core.findById(999n), undefined)
    await none.close()
    await newest.close()
  })

  it('never loses what it has not read: nulls leave it, and a username moves to its new owner', async () => {
    const writer = container(database).newSession('merge')
    await writer.load()
    writer.core.upsert([entity(1, 'durov_one', 'Kept'), entity(2, 'moving_name')])
    await writer.close()
    const blind = container(database, { preload: 'none' }).newSession('merge')
    await blind.load()
    blind.core.upsert([entity(1, null, null), entity(3, 'moving_name')])
    await blind.close()
    const rows = await database.run(
      `SELECT id, username, name FROM entities WHERE session_id = 'merge' ORDER BY id`,
    )
    assert.deepEqual(rows, [
      { id: 1, username: 'durov_one', name: 'Kept' },
      { id: 2, username: null, name: null },
      { id: 3, username: 'moving_name', name: null },
    ])
  })

  it('keeps what no column would take from holding up the rest', async () => {
    const session = container(database).newSession('odd')
    await session.load()
    session.core.upsert([{ ...entity(1), name: `\0${'ä'.repeat(300)}` }, entity(2)])
    await session.close()
    const rows = await database.run(`SELECT name FROM entities WHERE session_id = 'odd' ORDER BY id`)
    assert.deepEqual(rows, [{ name: 'ä'.repeat(255) }, { name: null }])
  })
})

for (const { name, skip, make } of KINDS)
  describe(`a container on ${name} that refuses a row`, { skip }, () => {
    const container = containers()
    let database: OwnDatabase
    before(async () => {
      database = await make()
      await container(database).listSessions()
    })
    after(async () => database.drop())

    const refuse = async (condition: string): Promise<void> => {
      const { kind } = database
      if (kind !== 'sqlite')
        return void (await database.run(`ALTER TABLE entities ADD CONSTRAINT refused CHECK (${condition})`))
      // What a trigger refuses has no code of its own: the condition stands in a table that takes the place of ours.
      const [made] = await database.run(`SELECT sql FROM sqlite_master WHERE name = 'entities'`)
      const statement = String(made?.['sql']).replace(/\)\s*$/, `, CHECK (${condition}))`)
      await database.run('DROP TABLE entities', statement)
    }

    it('keeps the key, the update states and all others, and says what is left out', async () => {
      await refuse(`name IS NULL OR name <> 'refused'`)
      const errors: Error[] = []
      const options = { onError: (error: Error) => void errors.push(error), flushDelayMs: 60_000 }
      const session = container(database, options).newSession('odd')
      await session.load()
      session.core.setDC(2, '149.154.167.51', 443)
      session.core.setAuthKey(AUTH_KEY)
      session.core.setUpdateState(0, { pts: 7, qts: 0, date: 0, seq: 0 })
      for (let id = 1; id <= 20; id += 1)
        session.core.upsert([entity(id, null, id % 9 === 0 ? 'refused' : `Name ${id}`)])
      await session.flush()
      assert.equal((await database.run(`SELECT * FROM sessions WHERE session_id = 'odd'`)).length, 1)
      assert.equal((await database.run(`SELECT * FROM update_state WHERE session_id = 'odd'`)).length, 1)
      assert.equal((await database.run(`SELECT * FROM entities WHERE session_id = 'odd'`)).length, 18)
      assert.ok(
        errors.some((error) => /2 peers or files were left out/.test(error.message)),
        errors.join(),
      )
      assert.equal(session.core.findById(9n)?.name, 'refused')
      await session.close()
    })

    it('does so for a session that is put in, too', async () => {
      const errors: Error[] = []
      const own = container(database, { onError: (error) => void errors.push(error) })
      const bytes = await sessionBytes({ userId: 777, name: 'refused', peers: 5 })
      await own.copySession(bytes, 'copied')
      assert.equal(await own.hasSession('copied'), true)
      assert.match(errors.join(), /left out/)
    })
  })
