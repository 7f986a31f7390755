import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { openSqlStore } from '../../../src/store/sql/open.ts'
import type { SqlStore } from '../../../src/store/sql/sql-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { missing } from '../../support/requires.ts'
import { type Program, startPgBouncer } from '../../support/store/sql-programs.ts'
import { testDatabase, withDatabase } from '../../support/store/sql-servers.ts'

const skip = missing.postgres() || missing.command('pgbouncer')
let bouncer: Program

before(async () => {
  if (skip === false) bouncer = await startPgBouncer()
})
after(async () => {
  if (skip === false) await bouncer.stop()
})

// All clients share one connection to the server, statement by statement.
storeContract(
  'postgres behind PgBouncer in transaction mode',
  async () => {
    const database = await testDatabase('postgres')
    const url = withDatabase(bouncer.url, database.name)
    const open = async (): Promise<SqlStore> => openSqlStore(url, '.', { pageSize: 10 })
    return { store: await open(), another: open, close: async () => database.drop() }
  },
  { skip },
)

it('takes a server without TLS only if the URL lets it', { skip }, async () => {
  const database = await testDatabase('postgres')
  const url = withDatabase(bouncer.url, database.name)
  const prefer = openSqlStore(`${url}?sslmode=prefer`, '.')
  assert.equal(await prefer.get('key'), null)
  await prefer.close()
  const require = openSqlStore(`${url}?sslmode=require`, '.')
  await assert.rejects(require.get('key'), { code: 'store.no_tls' })
  await require.close()
  await database.drop()
})
