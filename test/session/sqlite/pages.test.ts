import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { EntityTable } from '../../../src/session/formats/telethon/entity-table.ts'
import { plainTables, rowsOf } from '../../../src/session/sqlite/pages/tables.ts'
import { SqlDatabase, type SqlRow } from '../../../src/session/sqlite/database.ts'
import { openSqliteFile } from '../../../src/session/formats/open-file.ts'
import { plainTelethonTables } from '../../../src/session/formats/telethon/file.ts'
import { database, SCHEMAS, V7 } from '../../fixtures/session/schemas.ts'

/** SQLite itself says what is right: it reads the same bytes. */
async function withSqlite<T>(bytes: Uint8Array, use: (db: SqlDatabase) => T): Promise<T | undefined> {
  let file
  try {
    file = await openSqliteFile(bytes, 'anything')
  } catch {
    return undefined
  }
  try {
    return use(file.db)
  } finally {
    file.db.close()
  }
}

/** What quick_check says of values beyond their structure; for us a value of a wrong type is none. */
const OF_A_VALUE = /^(NUMERIC|TEXT|NULL|NON-INTEGER) value in /

async function complaints(bytes: Uint8Array): Promise<string[]> {
  const db = await SqlDatabase.open(bytes)
  try {
    return db.all('pragma quick_check').map((row) => String(Object.values(row)[0]))
  } catch (error) {
    return [String(error)]
  } finally {
    db.close()
  }
}

const sorted = (db: SqlDatabase, table: string): SqlRow[] =>
  db
    .all(`select * from ${table} order by rowid`)
    .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value])))
const quoted = (text: string | null): string => (text === null ? 'null' : `'${text.replaceAll("'", "''")}'`)

const id = fc.oneof(
  fc.bigInt(1n, 300n),
  fc.bigInt(-1_000_000_000_300n, -1_000_000_000_000n),
  fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n),
)
const text = fc.oneof(
  fc.constantFrom('one', 'two', 'Ünï', ''),
  fc.string({ maxLength: 40 }),
  fc.constant(null),
)
// SQL text ends at a zero.
const words = text.map((one) => one?.replaceAll('\0', '') ?? null)
const long = fc.integer({ min: 300, max: 9000 }).map((size) => 'long '.repeat(size / 5))
const entity = fc.record({
  id,
  hash: fc.oneof(fc.bigInt(-3n, 300n), fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n)),
  username: words,
  phone: fc.oneof(fc.bigInt(0n, 10n ** 15n), fc.constant(null)),
  name: fc.oneof({ weight: 5, arbitrary: words }, { weight: 1, arbitrary: long }),
})
const file = fc.record({
  pageSize: fc.constantFrom(512, 1024, 4096, 65_536),
  entities: fc.array(entity, { maxLength: 300, size: 'max' }),
  deleted: fc.integer({ min: 2, max: 20 }),
  indexed: fc.boolean(),
})

function sqlOf({
  pageSize,
  entities,
  deleted,
  indexed,
}: typeof file extends fc.Arbitrary<infer T> ? T : never): string {
  const rows = entities.map(
    (one) =>
      `insert or replace into entities values (${one.id}, ${one.hash}, ${quoted(one.username)}, ${one.phone}, ${quoted(one.name)}, 5);`,
  )
  return `pragma page_size = ${pageSize}; vacuum; ${V7} begin; ${rows.join('\n')} commit;
    ${indexed ? 'create index tgsession_name on entities (name);' : ''}
    delete from entities where id % ${deleted} = 0; alter table sessions add column tmp_auth_key blob;`
}

describe('an SQLite file that is read in place', () => {
  it('has the rows that SQLite finds in it, and finds them by id, username, phone and name', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (one) => {
        const bytes = await database(sqlOf(one))
        const tables = plainTables(bytes)
        assert.ok(tables !== undefined, 'SQLite made it, so it is sound')
        await withSqlite(bytes, (db) => {
          for (const [name, table] of tables) assert.deepEqual(rowsOf(table), sorted(db, name), name)
          const entities = new EntityTable(tables.get('entities') ?? assert.fail())
          const all = sorted(db, 'entities')
          for (const row of all) assert.equal(entities.byId(BigInt(String(row['id'])))?.hash, row['hash'])
          assert.equal(entities.byId(123_456_789n), undefined)
          for (const column of ['username', 'phone', 'name'] as const)
            for (const value of new Set(all.map((row) => row[column]))) {
              if (typeof value !== 'string' && typeof value !== 'bigint') continue
              const ids = entities.by(column, value).map((found) => found.entity.id)
              const same = all.filter((row) => row[column] === value).map((row) => row['id'])
              assert.deepEqual(ids, same.toReversed(), column)
            }
        })
      }),
      { numRuns: 40 },
    )
  })

  it('is refused, or has the rows that SQLite finds in it, whatever bytes are changed', async () => {
    const rows = Array.from({ length: 300 }, (_, k) => `(${k % 3 ? k : -k}, ${k}, 'u${k}', null, 'n', 5)`)
    const big = `pragma page_size = 512; vacuum; ${V7} insert into entities values ${rows.join()};
      create index tgsession_username on entities (username); delete from entities where id % 5 = 0;`
    // As peers come in: in no order, and with names that change.
    const shuffled = Array.from({ length: 300 }, (_, k) => rows[(k * 77) % 300])
    const lived = `pragma page_size = 1024; vacuum; ${V7} insert into entities values ${shuffled.join()};
      update entities set username = username || 'x' where id % 7 = 0; delete from entities where id % 11 = 0;`
    const sources = await Promise.all(
      [
        ...Object.values(SCHEMAS)
          .slice(4)
          .map(({ sql }) => sql),
        big,
        lived,
        lived,
      ].map(database),
    )
    const change = fc.record({
      // The header and the schema are where most depends on a byte.
      at: fc.oneof(fc.nat(60_000), fc.nat(100), fc.nat(600)),
      value: fc.nat(255),
    })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sources),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (source, changes) => {
          const bytes = Uint8Array.from(source)
          for (const { at, value } of changes) bytes[at % bytes.length] = value
          const found = plainTables(bytes)
          if (found === undefined || !isTelethon(bytes)) return
          taken++
          const read = await withSqlite(bytes, (db) => {
            for (const [name, table] of found) assert.deepEqual(rowsOf(table), sorted(db, name), name)
            return true
          })
          assert.ok(
            read ?? (await complaints(bytes)).every((one) => OF_A_VALUE.test(one)),
            'SQLite refuses it',
          )
        },
      ),
      { numRuns: 800 },
    )
    assert.ok(taken > 100, `${taken} were taken`)
  })

  it('is left to SQLite where it is not plain', async () => {
    const others = {
      'WITHOUT ROWID': SCHEMAS['v3 (0.16.2)']!.sql,
      'a view': `${V7} create view mine as select * from entities;`,
      'a column that is not of Telethon': `${V7} alter table entities add column more text;`,
      'a default': `${V7} alter table entities add column more text default 'x';`,
      'UTF-16': `pragma encoding = 'UTF-16le'; ${V7}`,
      'auto-vacuum': `pragma auto_vacuum = 1; vacuum; ${V7}`,
      'an id that no number holds': `${V7} insert into entities values (${2n ** 53n}, 1, null, null, null, 1);`,
    }
    assert.ok(plainTables(await database(V7)))
    for (const [what, sql] of Object.entries(others))
      assert.equal(plainTables(await database(sql)), undefined, what)
  })
})

function isTelethon(bytes: Uint8Array): boolean {
  try {
    return plainTelethonTables(bytes) !== undefined
  } catch {
    return false
  }
}
