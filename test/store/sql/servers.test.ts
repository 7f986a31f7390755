import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { BadDataError, ForbiddenError, UnreachableError } from '../../../src/base/errors.ts'
import { probeConditions } from '../../../src/store/probe.ts'
import { DEFAULT_RETRY } from '../../../src/base/retry.ts'
import { type OpenSqlOptions, openSqlStore } from '../../../src/store/sql/open.ts'
import type { SqlStore } from '../../../src/store/sql/sql-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'
import { missing } from '../../support/requires.ts'
import { SqlProxy } from '../../support/store/sql-proxy.ts'
import {
  freshName,
  type ServerKind,
  testDatabase,
  type TestDatabase,
  withDatabase,
  withPort,
  withUser,
} from '../../support/store/sql-servers.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PASSWORD = 'hush-hush-of-mine'
const body = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Tries as often as ever, without the pauses. */
const HASTY = { ...DEFAULT_RETRY, sleep: async () => {} }
const ONCE = { ...HASTY, attempts: 1 }

const openAt = async (url: string, options: OpenSqlOptions = {}): Promise<SqlStore> =>
  openSqlStore(url, '.', options)

suite('postgres', missing.postgres())
suite('mysql', missing.mariadb())

function suite(kind: ServerKind, skip: string | false): void {
  storeContract(
    `${kind}, a real server`,
    async () => {
      const database = await testDatabase(kind)
      const open = async (): Promise<SqlStore> => openSqlStore(database.url, '.', { pageSize: 10 })
      return { store: await open(), another: open, close: async () => database.drop() }
    },
    { skip, large: true },
  )

  troubleContract(
    `${kind}, a real server`,
    async () => {
      const database = await testDatabase(kind)
      return {
        missing: async () => openAt(withDatabase(database.url, freshName())),
        refused: {
          open: async () => openAt(withUser(database.url, 'nobody_here', PASSWORD)),
          secrets: [PASSWORD],
        },
        network: {
          url: database.url,
          open: async (port, { retry, waitMs }) =>
            openAt(withPort(database.url, port), { retry, limits: { connectMs: waitMs, queryMs: waitMs } }),
        },
        close: async () => database.drop(),
      }
    },
    { skip },
  )

  describe(`SqlStore on a real server: ${kind}`, { skip }, () => {
    let database: TestDatabase
    let proxy: SqlProxy
    const opened: SqlStore[] = []
    const open = async (options: OpenSqlOptions = {}, url = database.url): Promise<SqlStore> => {
      const store = openSqlStore(url, '.', { retry: HASTY, ...options })
      opened.push(store)
      return store
    }
    const throughProxy = async (options: OpenSqlOptions = {}): Promise<SqlStore> =>
      open(options, withPort(database.url, proxy.port))
    const parts = async (): Promise<number> => {
      const rows = await database.run('SELECT count(*) AS parts FROM tgsession_chunks')
      return Number(rows[0]!['parts'])
    }

    before(async () => {
      database = await testDatabase(kind)
      proxy = await SqlProxy.start(database.url)
    })
    after(async () => {
      for (const store of opened) await store.close()
      await proxy.close()
      await database.drop()
    })

    it('passes the probe, and names itself without its user', async () => {
      const store = await open()
      assert.deepEqual(await probeConditions(store, { suffix: randomUUID() }), { ok: true })
      assert.equal(store.label, `${kind}://127.0.0.1/${database.name}`)
    })

    it('lets many make the tables at once', async () => {
      for (let round = 0; round < 5; round += 1) {
        const fresh = await testDatabase(kind)
        const stores = await Promise.all(
          Array.from({ length: 6 }, async () => open({ retry: ONCE }, fresh.url)),
        )
        await Promise.all(stores.map(async (store, i) => store.put(`key-${i}`, body('x'), 'absent')))
        const keys: string[] = []
        for await (const key of stores[0]!.list('')) keys.push(key)
        assert.equal(keys.length, 6)
        for (const store of stores) await store.close()
        await fresh.drop()
      }
    })

    it('keeps at most two connections, and uses them again', async () => {
      const store = await throughProxy()
      const earlier = proxy.connections
      await Promise.all(Array.from({ length: 20 }, async (_, i) => store.get(`key-${i}`)))
      await store.get('once-more')
      assert.ok(proxy.connections - earlier <= 2, `${proxy.connections - earlier}`)
    })

    it('lets an idle connection go', async () => {
      const own = await SqlProxy.start(database.url)
      const store = await open({ limits: { idleMs: 30 } }, withPort(database.url, own.port))
      await store.get('key')
      while (own.open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      await store.get('key')
      assert.equal(own.connections, 2)
      await own.close()
    })

    it('gets over a connection that was lost while idle', async () => {
      const store = await throughProxy()
      await store.put('idle', body('x'), 'absent')
      proxy.cutAll()
      assert.equal(Buffer.from((await store.get('idle'))!.bytes).toString(), 'x')
    })

    it('knows its own write when the answer is lost', async () => {
      const store = await throughProxy()
      const key = randomUUID()
      const id = randomUUID()
      proxy.plan(id, 'cut answer')
      const created = await store.put(key, body(id), 'absent')
      assert.equal(proxy.mishaps, 1)
      const next = randomUUID()
      proxy.plan(next, 'cut answer')
      const replaced = await store.put(key, body(next), created)
      assert.equal(proxy.mishaps, 1)
      assert.deepEqual(await store.get(key), { bytes: body(next), version: replaced })
    })

    it('gives up a server that says nothing any more, and comes back to it', async () => {
      const store = await throughProxy({ retry: ONCE, limits: { queryMs: 4000, connectMs: 4000 } })
      const id = randomUUID()
      await store.get(id)
      proxy.plan(id, 'swallow')
      await assert.rejects(store.put(id, body(id), 'absent'), isUnreachable)
      await store.put(id, body(id), 'absent')
      proxy.cutAll()
      proxy.silence(true)
      await assert.rejects(store.get(id), isUnreachable)
      proxy.silence(false)
      assert.deepEqual((await store.get(id))?.bytes, body(id))
    })

    it('releases at once when it is told to, in the middle of a statement, of connecting, of waiting', async () => {
      const store = await throughProxy()
      const id = randomUUID()
      await store.get(id)
      proxy.silence(true)
      const stop = new AbortController()
      const { signal } = stop
      const all = [
        store.put(id, body(id), 'absent', { signal }),
        store.get(id, { signal }),
        store.get(id, { signal }),
        store.delete(id, { signal }),
      ]
      const reason = new Error('enough')
      setTimeout(() => stop.abort(reason), 50)
      for (const attempt of all) await assert.rejects(attempt, (error) => error === reason)
      proxy.silence(false)
      proxy.cutAll()
      assert.equal(await store.get(id), null)
    })

    it('works on tables that are there without the right to make them, and else says what to run', async () => {
      const fresh = await testDatabase(kind)
      const user = freshName().slice(0, 30)
      await fresh.run(
        ...(kind === 'postgres'
          ? [
              `CREATE ROLE ${user} LOGIN`,
              'REVOKE CREATE ON SCHEMA public FROM public',
              `GRANT USAGE ON SCHEMA public TO ${user}`,
            ]
          : [`CREATE USER ${user}`, `GRANT SELECT, INSERT, UPDATE, DELETE ON ${fresh.name}.* TO ${user}`]),
      )
      const store = await open({}, withUser(fresh.url, user))
      let hint = ''
      await assert.rejects(store.get('key'), (error) => {
        assert.ok(error instanceof ForbiddenError)
        hint = error.hint
        return error.code === 'store.forbidden'
      })
      const statements = hint.slice(hint.indexOf('CREATE TABLE')).split(';').slice(0, 2)
      await fresh.run(...statements)
      if (kind === 'postgres') {
        await assert.rejects(store.get('key'), ForbiddenError)
        await fresh.run(
          `GRANT SELECT, INSERT, UPDATE, DELETE ON tgsession_objects, tgsession_chunks TO ${user}`,
        )
      }
      const version = await store.put('key', body('x'), 'absent')
      assert.equal((await store.get('key'))?.version, version)
      await store.close()
      await fresh.run(kind === 'postgres' ? `DROP OWNED BY ${user}` : `DROP USER ${user}`)
      if (kind === 'postgres') await fresh.run(`DROP ROLE ${user}`)
      await fresh.drop()
    })

    it('swaps large bodies as a whole, and leaves no parts behind', async () => {
      const store = await open()
      const key = randomUUID()
      const first = randomBytes(3_000_000)
      const second = randomBytes(20 * 1024 * 1024)
      const created = await store.put(key, first, 'absent')
      assert.equal(await parts(), 3)
      await assert.rejects(store.put(key, second, 'absent'), { code: 'store.conflict' })
      assert.equal(await parts(), 3)
      const replaced = await store.put(key, second, created)
      assert.equal(await parts(), 20)
      assert.deepEqual(Buffer.from((await store.get(key))!.bytes), second)
      await assert.rejects(store.get(key, { maxBytes: second.length - 1 }), { code: 'store.too_large' })
      const small = await store.put(key, body('small'), replaced)
      assert.equal(await parts(), 0)
      await store.put(key, first, small)
      await store.delete(key)
      assert.equal(await parts(), 0)
    })

    it('shows a reader the old body or the new one, never a mixture', async () => {
      const writer = await open()
      const reader = await open()
      const key = randomUUID()
      const bodies = [1, 2].map((fill) => new Uint8Array(5_500_000 + fill).fill(fill))
      let version = await writer.put(key, bodies[0]!, 'absent')
      const stop = new AbortController()
      const reading = (async () => {
        let reads = 0
        for (; !stop.signal.aborted; reads += 1) {
          const { bytes } = (await reader.get(key))!
          assert.equal(Buffer.compare(bytes, bodies[bytes[0]! - 1]!), 0)
        }
        return reads
      })()
      for (let i = 1; i <= 12; i += 1) version = await writer.put(key, bodies[i % 2]!, version)
      stop.abort()
      assert.ok((await reading) > 0)
      await writer.delete(key)
    })

    it('sweeps away what a writer left who died, after a day', async () => {
      const id = randomUUID()
      const key = randomUUID()
      const torn = new Uint8Array(2_500_000)
      torn.set(body(id), 2_000_000)
      proxy.plan(id, 'cut')
      await assert.rejects((await throughProxy({ retry: ONCE })).put(key, torn, 'absent'), isUnreachable)
      assert.equal(await parts(), 1)
      assert.equal(await (await open()).get(key), null)

      const large = new Uint8Array(1_100_000)
      await (await open()).put(`${key}-1`, large, 'absent')
      assert.equal(await parts(), 3, 'a writer may still be at work on what is not a day old')
      const later = await open({ now: () => Date.now() + 2 * DAY_MS })
      await later.put(`${key}-2`, large, 'absent')
      assert.equal(await parts(), 4)
      assert.equal((await later.get(`${key}-1`))?.bytes.length, large.length)
      await later.delete(`${key}-1`)
      await later.delete(`${key}-2`)
    })

    it('says that an object is damaged whose parts were taken away', async () => {
      const store = await open()
      const key = randomUUID()
      await store.put(key, new Uint8Array(2_500_000), 'absent')
      await database.run('DELETE FROM tgsession_chunks WHERE number = 1')
      await assert.rejects(
        store.get(key),
        (error) => error instanceof BadDataError && error.code === 'store.damaged',
      )
      await store.delete(key)
      assert.equal(await parts(), 0)
    })

    it('refuses tables that are not its own', async () => {
      const fresh = await testDatabase(kind)
      await fresh.run('CREATE TABLE tgsession_objects (something int)')
      const store = await open({}, fresh.url)
      await assert.rejects(store.get('key'), { code: 'store.unsupported' })
      await store.close()
      await fresh.drop()
    })
  })
}

function isUnreachable(error: unknown): boolean {
  assert.ok(error instanceof UnreachableError, String(error))
  assert.equal(error.code, 'store.unreachable')
  assert.doesNotMatch(`${error.stack} ${error.hint} ${String(error.cause)}`, new RegExp(PASSWORD))
  return true
}
