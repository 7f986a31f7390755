import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError } from '../../src/base/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { parseSqlUrl, type ServerLocation } from '../../src/sql/location.ts'

function server(url: string): ServerLocation {
  const location = parseSqlUrl(url, '/cwd')
  assert.ok(location.kind !== 'sqlite')
  return location
}

describe('addresses of databases', () => {
  for (const url of [
    'postgres://me:hush%2Fhush%40%23@db.host/app',
    'postgresql://me:hush%2Fhush%40%23@db.host:5432/app',
    'postgresql+psycopg2://me:hush%2Fhush%40%23@db.host/app',
    'postgresql+asyncpg://me:hush%2Fhush%40%23@db.host/app?application_name=x&pool_size=5',
  ])
    it(`reads ${url}`, () => {
      assert.deepEqual(server(url), {
        kind: 'postgres',
        host: 'db.host',
        port: 5432,
        database: 'app',
        user: 'me',
        password: 'hush/hush@#',
        tls: { mode: 'require', ca: undefined },
        options: undefined,
        channelBinding: false,
        label: 'postgres://db.host/app',
      })
    })

  for (const url of [
    'mysql://u:p@h:3307/d',
    'mysql+pymysql://u:p@h:3307/d?charset=utf8mb4',
    'mariadb://u:p@h:3307/d',
  ])
    it(`reads ${url}`, () => {
      const { kind, host, port, database, user, password, tls, label } = server(url)
      assert.deepEqual([kind, host, port, database, user, password], ['mysql', 'h', 3307, 'd', 'u', 'p'])
      assert.equal(tls.mode, 'prefer')
      assert.equal(label, 'mysql://h:3307/d')
    })

  for (const [url, mode] of [
    ['postgres://h/d', 'require'],
    ['postgres://localhost/d', 'disable'],
    ['postgres://127.0.0.1/d', 'disable'],
    ['postgres://[::1]/d', 'disable'],
    ['postgres:///d?host=/var/run/postgresql', 'disable'],
    ['postgres://127.0.0.1.evil.example/d', 'require'],
    ['postgres://h/d?sslmode=disable', 'disable'],
    ['postgres://h/d?sslmode=allow', 'prefer'],
    ['postgres://localhost/d?sslmode=require', 'require'],
    ['postgres://h/d?sslmode=verify-full&sslrootcert=system', 'verify-full'],
    ['postgres://h/d?sslrootcert=system', 'verify-full'],
    ['postgres://localhost/d?sslrootcert=system', 'verify-full'],
    ['postgres://h/d?sslmode=no-verify', 'require'],
    ['postgres+asyncpg://h/d?ssl=require', 'require'],
    ['mysql://h/d?ssl-mode=REQUIRED', 'require'],
    ['mysql://h/d?ssl-mode=VERIFY_IDENTITY', 'verify-full'],
    ['mysql://h/d?ssl={"rejectUnauthorized":true}', 'verify-full'],
    ['mysql://h/d?ssl={"rejectUnauthorized":false}', 'require'],
  ] as const)
    it(`secures ${url}: ${mode}`, () => assert.equal(server(url).tls.mode, mode))

  for (const [url, path] of [
    ['sqlite:a.db', '/cwd/a.db'],
    ['sqlite:./b/a.db', '/cwd/b/a.db'],
    ['sqlite:/x/a.db', '/x/a.db'],
    ['sqlite:///a.db', '/cwd/a.db'],
    ['sqlite:////x/a.db', '/x/a.db'],
    ['sqlite+pysqlite:///a%20b.db', '/cwd/a b.db'],
  ] as const)
    it(`finds ${url}`, () => {
      assert.deepEqual(parseSqlUrl(url, '/cwd'), { kind: 'sqlite', path, label: `sqlite:${path}` })
    })

  for (const url of [
    'postgres://me:hush@host/db?sslmode=require&sslrootcert=system',
    'postgres://me:hush@host/db?sslmode=disable&sslrootcert=system',
    'postgres://me:hush#hush@host/db',
    'postgres://me:hush-hush@host',
    'postgres://me:hush-hush@host/',
    'postgres://me:hush-hush@host/a/b',
    'postgres://me:hush-hush@host:port/db',
    'postgres://me:hush-hush@a:1,b:2/db',
    'postgres://me:hush-hush%zz@host/db',
    'postgres://me:hush-hush@host/db?sslmode=maybe',
    'postgres://me:hush-hush@host/db?sslmode=verify-full&sslrootcert=/hush-hush/nowhere.pem',
    'postgres://me:hush-hush@host/db?sslcert=x',
    'postgres://me:hush-hush@host/db?port=0',
    'postgres:db',
    'mysql://me:hush-hush@host',
    'sqlite:',
    'sqlite://',
    'sqlite:///',
    'sqlite://host/a.db',
    'sqlite::memory:',
    'sqlite:///:memory:',
    'sqlite:a.db?mode=ro',
    'sqlite:folder/',
  ])
    it(`refuses ${url}`, async () => {
      await assert.rejects(openStore({ url, source: 'TGSESSION_STORE' }), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.equal(error.code, 'store.bad_url')
        assert.doesNotMatch(`${error.stack} ${error.hint} ${String(error.cause)}`, /hush/)
        return true
      })
    })
})
