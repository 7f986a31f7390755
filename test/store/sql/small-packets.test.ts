import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { openSqlStore } from '../../../src/store/sql/open.ts'
import { containers } from '../../container/databases.ts'
import { missing } from '../../support/requires.ts'
import { type Program, startMariadb } from '../../support/store/sql-programs.ts'
import { testDatabase, type TestDatabase } from '../../support/store/sql-servers.ts'

describe('a server that takes no large statements', { skip: missing.mariadbPrograms() }, () => {
  let server: Program
  let database: TestDatabase
  const container = containers()
  before(async () => {
    server = await startMariadb(64 * 1024)
    database = await testDatabase('mysql', server.url)
  })
  after(async () => {
    await database.drop()
    await server.stop()
  })

  it('stores what is larger than one of them, in smaller parts', async () => {
    const store = openSqlStore(database.url, '.')
    for (const size of [1000, 33_000, 70_000, 2_000_000]) {
      const bytes = randomBytes(size)
      const key = randomUUID()
      const version = await store.put(key, bytes, 'absent')
      assert.ok(bytes.equals((await store.get(key))!.bytes))
      await store.put(key, bytes.subarray(1), version)
      assert.equal((await store.get(key))?.bytes.length, size - 1)
    }
    await store.close()
  })

  it('takes all peers of a session, too', async () => {
    const { session } = await container({ where: database.url }).open('many')
    const name = 'ü'.repeat(100)
    for (let id = 1n; id <= 3000n; id += 1n)
      session.core.upsert([{ id, hash: id, username: `user_${id}`, phone: null, name }])
    await session.flush()
    assert.equal((await database.run('SELECT id FROM entities')).length, 3000)
    await session.close()
  })
})
