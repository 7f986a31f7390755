import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CamelCasePlugin, Kysely, MysqlDialect, sql } from 'kysely'
import { Client } from 'pg'
import { Migrator } from 'kysely/migration'
import { createPool } from 'mysql2'
import { containerMigration, containerSchemaSql } from '../../src/container/tables/create-tables.ts'
import { BadDataError, ConfigurationError } from '../../src/base/errors.ts'
import { python } from '../support/python.ts'
import { missing, POSTGRES_URL } from '../support/requires.ts'
import { startPgBouncer } from '../support/store/sql-programs.ts'
import { freshName, withDatabase } from '../support/store/sql-servers.ts'
import {
  connect,
  AUTH_KEY,
  containers,
  MARIADB,
  type OwnDatabase,
  POSTGRES,
  SERVERS,
  SQLITE,
} from './databases.ts'

const ALCHEMY = readFileSync(path.join(import.meta.dirname, 'alchemy.py'), 'utf8')
const alchemy = (url: string, ...args: string[]): Promise<string> =>
  python(ALCHEMY, url.replace(/^sqlite:/, 'sqlite:///'), ...args)

const HASH = -7926531234567890123n
const PAVEL = { id: 777n, hash: HASH, username: 'durov', phone: 15551234n, name: 'Pavel Ünï' }
const PHOTO = { md5: Uint8Array.from({ length: 16 }, (_, i) => i), size: 5, kind: 'photo' } as const

for (const { name, skip, make } of SERVERS)
  describe(`tables on ${name} that SQLAlchemy made`, { skip: skip || missing.sqlalchemy() }, () => {
    const container = containers()

    for (const [version, unread] of [
      ['1', ''],
      ['2', ''],
      ['2', 'unread_count'],
      ['3', 'unread_count'],
    ] as const)
      it(`are read, and written so that Python reads them: version ${version} ${unread}`, async () => {
        const database = await make()
        await alchemy(database.url, 'p_', 'make', version, unread)
        const own = container(database, { tablePrefix: 'p_', plainKeys: true })
        assert.deepEqual([await own.listSessions(), await own.hasSession('empty')], [['py'], false])
        const opened = await own.open('py')
        const { core, storage } = opened.session
        assert.deepEqual(
          [core.dcId, core.serverAddress, core.port, core.userId],
          [2, '149.154.167.51', 443, 777n],
        )
        assert.deepEqual(core.authKey(), AUTH_KEY)
        assert.deepEqual(storage.entity(777n), PAVEL)
        assert.deepEqual(storage.sentFile(PHOTO), { id: 2n ** 63n - 1n, hash: -(2n ** 63n) })
        const state = { pts: 3_000_000_000, qts: 1, date: 1_700_000_000, seq: 5 }
        assert.deepEqual(storage.updateState(0n), version === '1' ? undefined : state)
        core.upsert([{ ...PAVEL, id: 778n, username: 'durov' }])
        core.setUpdateState(5n, state)
        await opened.close()

        const found = JSON.parse(await alchemy(database.url, 'p_', 'read', 'py'))
        const key = Buffer.from(AUTH_KEY).toString('hex')
        assert.deepEqual(found.sessions, [
          { dc_id: 2, server_address: '149.154.167.51', port: 443, auth_key: key },
        ])
        const usernames = found.entities.map(({ id, username }: { id: number; username: string }) => [
          id,
          username,
        ])
        assert.deepEqual(
          usernames.toSorted((a: [number], b: [number]) => a[0] - b[0]),
          [
            [0, null],
            [777, null],
            [778, 'durov'],
          ],
        )
        assert.deepEqual(found.update_state.at(-1), { entity_id: 5, ...state, unread_count: null })
        assert.deepEqual(found.version, [version === '1' ? 2 : Number(version)])
        await own.close()
        await database.drop()
      })

    it('of a newer version are left alone', async () => {
      const database = await make()
      await alchemy(database.url, '', 'make', '4', 'unread_count')
      await assert.rejects(
        container(database).listSessions(),
        (error) => error instanceof BadDataError && error.code === 'container.too_new',
      )
      await database.drop()
    })
  })

for (const { name, kind, skip, make } of SERVERS)
  describe(`the tables of a container on ${name}`, { skip }, () => {
    let database: OwnDatabase
    const container = containers()
    before(async () => {
      database = await make()
    })
    after(async () => database.drop())

    it('are made once where many start at once', async () => {
      for (let round = 0; round < 3; round += 1) {
        const fresh = await make()
        const many = Array.from({ length: 6 }, () => container(fresh, { tablePrefix: `r${round}_` }))
        assert.deepEqual(await Promise.all(many.map((one) => one.listSessions())), [[], [], [], [], [], []])
        const rows = await fresh.run(`SELECT number FROM r${round}_tgsession_migrations`)
        assert.deepEqual(
          rows.map((row) => ({ ...row })),
          [{ number: 1 }],
        )
        await Promise.all(many.map((one) => one.close()))
        await fresh.drop()
      }
    })

    it('are checked, and not made, where somebody else manages them', async () => {
      const options = { manageTables: false, tablePrefix: 'own_' }
      await assert.rejects(container(database, options).listSessions(), (error) => {
        assert.ok(error instanceof ConfigurationError)
        return /missing: own_version, own_sessions/.test(error.message)
      })
      for (const statement of containerSchemaSql(kind, options).split(';\n').filter(Boolean))
        await database.run(statement)
      assert.deepEqual(await container(database, options).listSessions(), [])
      await database.run('ALTER TABLE own_entities DROP COLUMN phone')
      await assert.rejects(container(database, options).listSessions(), /missing: own_entities\.phone/)
    })

    it('are not those of another program, which are left as they are', async () => {
      const options = { tablePrefix: 'x_' }
      await database.run('CREATE TABLE x_sessions (sid INTEGER)')
      await assert.rejects(container(database, options).listSessions(), (error) => {
        assert.ok(error instanceof ConfigurationError && error.code === 'container.foreign_table')
        return /table x_sessions is another program's: it has no session_id, dc_id/.test(error.message)
      })
      assert.deepEqual(await database.run('SELECT * FROM x_sessions'), [])
      await database.run('DROP TABLE x_sessions')
      assert.deepEqual(await container(database, options).listSessions(), [])
    })

    it('are a migration of Kysely, too', async () => {
      const db = connect(database.url)
      const migration = containerMigration(kind, { tablePrefix: 'm_' })
      const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ '001': migration }) } })
      assert.equal((await migrator.migrateToLatest()).error, undefined)
      const own = container({ where: { db } }, { manageTables: false, tablePrefix: 'm_' })
      assert.deepEqual(await own.listSessions(), [])
      assert.equal((await migrator.migrateDown()).error, undefined)
      assert.deepEqual(await database.run('SELECT * FROM m_sessions'), [])
      await db.destroy()
    })

    it("lie in an instance of one's own, which stays open, whatever plugins it has", async () => {
      const mine = connect(database.url).withPlugin(new CamelCasePlugin())
      const own = container({ where: { db: mine } }, { tablePrefix: 'k_' })
      const opened = await own.open('mine')
      opened.session.core.upsert([PAVEL])
      await own.close()
      const rows = await mine
        .withoutPlugins()
        .withTables<{ k_entities: { id: string } }>()
        .selectFrom('k_entities')
        .select('id')
        .execute()
      assert.deepEqual(
        rows.map((row) => Number(row.id)),
        [777],
      )
      await mine.destroy()
    })
  })

describe('text in Postgres', { skip: POSTGRES.skip }, () => {
  it('needs an encoding that has every character', async () => {
    const administrator = new Client({ connectionString: POSTGRES_URL })
    await administrator.connect()
    const name = freshName()
    const container = containers()
    await administrator.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
    const own = container({ where: withDatabase(POSTGRES_URL, name) })
    try {
      await assert.rejects(own.open('main'), {
        code: 'container.no_utf8',
        exitCode: 78,
        message: /in LATIN1/,
        hint: /ENCODING 'UTF8'/,
      })
    } finally {
      await own.close()
      await administrator.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await administrator.end()
    }
  })
})

describe('text in MariaDB', { skip: MARIADB.skip }, () => {
  it('is taken whole, or the tables are refused', async () => {
    const database = await MARIADB.make()
    const container = containers()
    const own = container(database)
    const opened = await own.open('😀')
    opened.session.core.upsert([{ ...PAVEL, name: '😀' }])
    await own.close()
    assert.deepEqual(await database.run('SELECT session_id, name FROM entities'), [
      { session_id: '😀', name: '😀' },
    ])
    await database.run('DELETE FROM entities', 'ALTER TABLE entities CONVERT TO CHARACTER SET utf8mb3')
    for (const manageTables of [true, false])
      await assert.rejects(container(database, { manageTables }).listSessions(), (error) => {
        assert.ok(error instanceof ConfigurationError && error.code === 'container.no_utf8mb4')
        return (
          error.message.endsWith('every name: entities') && error.hint.startsWith('Let them: ALTER TABLE')
        )
      })
    await database.drop()
  })

  it('is no SQL, whatever the mode of the server', async () => {
    const database = await MARIADB.make()
    const db = connect(database.url)
    const said = "O'Brien\\'; --"
    const { rows } = await db.connection().execute(async (one) => {
      await sql`set session sql_mode = 'NO_BACKSLASH_ESCAPES'`.execute(one)
      return await sql<{ name: string }>`select ${said} as name`.execute(one)
    })
    assert.deepEqual(
      rows.map(({ name }) => name),
      [said],
    )
    await db.destroy()

    const pool = createPool({ uri: database.url, connectionLimit: 1 })
    pool.on('connection', (one) => one.query(`set session sql_mode = 'NO_BACKSLASH_ESCAPES'`))
    // oxlint-disable-next-line typescript/no-explicit-any
    const theirs = new Kysely<any>({ dialect: new MysqlDialect({ pool }) })
    await assert.rejects(containers()({ where: { db: theirs } }).listSessions(), {
      code: 'container.unsafe_quotes',
    })
    await theirs.destroy()
    await database.drop()
  })
})

describe('ids', () => {
  it('that the database takes for the same are told apart', { skip: MARIADB.skip }, async () => {
    const database = await MARIADB.make()
    const container = containers()
    const own = container(database, { plainKeys: true })
    await own.listSessions()
    await database.run(
      `ALTER TABLE sessions CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
      `INSERT INTO sessions VALUES ('Bob', 2, 'x', 1, '')`,
    )
    await assert.rejects(
      own.open('bob'),
      (error) => error instanceof BadDataError && error.code === 'container.id_clash',
    )
    await own.close()
    await database.drop()
  })

  it('and prefixes that cannot be any are refused', async () => {
    const database = await SQLITE.make()
    const container = containers()
    assert.throws(() => container(database, { tablePrefix: 'a"; drop' }), ConfigurationError)
    assert.throws(() => container(database).newSession(''), { code: 'container.bad_id' })
    assert.throws(() => container(database).newSession('x'.repeat(256)), { code: 'container.bad_id' })
    // oxlint-disable-next-line typescript/no-explicit-any, typescript/no-unsafe-type-assertion
    const strange = { getExecutor: () => ({ adapter: {} }) } as unknown as Kysely<any>
    assert.throws(() => container({ where: { db: strange } }), { code: 'container.unknown_dialect' })
    await database.drop()
  })
})

describe('behind PgBouncer, which hands out connections by transaction,', () => {
  const skip = POSTGRES.skip || missing.command('pgbouncer')
  it('a container works', { skip }, async () => {
    const database = await POSTGRES.make()
    const bouncer = await startPgBouncer()
    const container = containers()
    const where = withDatabase(bouncer.url, new URL(database.url).pathname.slice(1))
    const own = container({ where })
    const opened = await Promise.all(Array.from({ length: 8 }, (_, i) => own.open(`s${i}`)))
    for (const { session } of opened) session.core.upsert([PAVEL])
    await own.close()
    assert.equal((await database.run('SELECT id FROM entities')).length, 8)
    await bouncer.stop()
    await database.drop()
  })
})
