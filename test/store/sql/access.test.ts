import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ForbiddenError } from '../../../src/base/errors.ts'
import { openSqlStore } from '../../../src/store/sql/open.ts'
import { missing } from '../../support/requires.ts'
import { type Program, startPostgres } from '../../support/store/sql-programs.ts'
import { freshName, testDatabase, withUser } from '../../support/store/sql-servers.ts'

const PASSWORD = 'right/pass@word:of#mine'
const WRONG = 'wrong/pass@word:of#mine'

async function tryIt(url: string): Promise<void> {
  const store = openSqlStore(url, '.')
  try {
    assert.equal(await store.get('key'), null)
  } finally {
    await store.close()
  }
}

function refused(error: unknown): boolean {
  assert.ok(error instanceof ForbiddenError, String(error))
  assert.equal(error.code, 'store.forbidden')
  const { cause } = error
  const all = `${error.stack} ${error.hint} ${String(cause)} ${JSON.stringify(cause)} ${cause instanceof Error ? cause.stack : ''}`
  assert.doesNotMatch(all, /wrong|%2F|me-myself/)
  return true
}

describe('Postgres with passwords and TLS', { skip: missing.postgresPrograms() }, () => {
  let server: Program
  before(async () => {
    server = await startPostgres(PASSWORD)
  })
  after(async () => server.stop())

  const url = (parameters: string): string => `${server.url}${parameters}`
  const ca = (): string => encodeURIComponent(path.join(server.folder, 'ca.pem'))

  it('takes the right password, with odd characters in it', async () => tryIt(url('')))

  it('says that the user or the password is wrong, and shows neither', async () => {
    for (const parameters of ['', '?sslmode=require']) {
      await assert.rejects(tryIt(withUser(url(parameters), 'admin', WRONG)), refused)
      await assert.rejects(tryIt(withUser(url(parameters), 'me-myself', WRONG)), refused)
      await assert.rejects(tryIt(withUser(url(parameters), 'admin')), refused)
    }
  })

  for (const mode of ['disable', 'prefer', 'require', 'no-verify'])
    it(`takes sslmode=${mode} whatever the certificate`, async () => tryIt(url(`?sslmode=${mode}`)))

  for (const mode of ['verify-ca', 'verify-full']) {
    it(`refuses a certificate of an authority unknown, with sslmode=${mode}`, async () =>
      assert.rejects(tryIt(url(`?sslmode=${mode}`)), { code: 'store.untrusted' }))

    it(`takes one of the authority that is named, with sslmode=${mode}`, async () =>
      tryIt(url(`?sslmode=${mode}&sslrootcert=${ca()}`)))
  }

  it('compares the name of the host with verify-full only', async () => {
    for (const mode of ['verify-full', 'verify-ca']) {
      const attempt = tryIt(url(`?sslmode=${mode}&sslrootcert=${ca()}`).replace('@localhost', '@127.0.0.1'))
      if (mode === 'verify-ca') await attempt
      else await assert.rejects(attempt, { code: 'store.untrusted' })
    }
  })

  it('binds the password to the certificate where the URL wants it', async () =>
    tryIt(url('?sslmode=require&channel_binding=require')))

  it('does not keep Node alive when idle, encrypted or not', async () => {
    for (const mode of ['disable', 'require']) {
      const script = `
        const { openSqlStore } = await import(${JSON.stringify(path.resolve('src/store/sql/open.ts'))})
        const store = openSqlStore(process.env.URL, '.', { limits: { idleMs: 24 * 60 * 60_000 } })
        await store.get('key')`
      await new Promise<void>((resolve, reject) => {
        const env = { PATH: process.env['PATH'] ?? '', URL: url(`?sslmode=${mode}`) }
        execFile(
          process.execPath,
          ['--input-type=module', '-e', script],
          { env, timeout: 120_000 },
          (error) => {
            if (error === null) resolve()
            else reject(error)
          },
        )
      })
    }
  })
})

describe('MariaDB with passwords, without TLS', { skip: missing.mariadb() }, () => {
  it('takes the right password only', async () => {
    const database = await testDatabase('mysql')
    const user = freshName().slice(0, 30)
    await database.run(
      `CREATE USER ${user} IDENTIFIED BY '${PASSWORD}'`,
      `GRANT ALL ON ${database.name}.* TO ${user}`,
    )
    const url = (name: string, password: string): string =>
      withUser(database.url, encodeURIComponent(name), encodeURIComponent(password))
    await tryIt(url(user, PASSWORD))
    await assert.rejects(tryIt(url(user, WRONG)), refused)
    await assert.rejects(tryIt(url('me-myself', WRONG)), refused)
    await database.run(`DROP USER ${user}`)
    await database.drop()
  })

  it('goes without TLS where the server has none only if the URL lets it', async () => {
    const database = await testDatabase('mysql')
    const [row] = await database.run(`SHOW VARIABLES LIKE 'have_ssl'`)
    await tryIt(`${database.url}?ssl-mode=PREFERRED`)
    if (row?.['Value'] !== 'YES')
      await assert.rejects(tryIt(`${database.url}?ssl-mode=REQUIRED`), { code: 'store.no_tls' })
    await database.drop()
  })
})
