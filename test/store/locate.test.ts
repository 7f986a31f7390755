import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError } from '../../src/base/errors.ts'
import { readSettings } from '../../src/config/settings.ts'
import { type Environment, locateStore } from '../../src/store/locate.ts'
import { parseS3Url } from '../../src/store/s3/location.ts'

const bucketeer = (name: string): Record<string, string> => ({
  [`${name}_AWS_ACCESS_KEY_ID`]: `id of ${name}`,
  [`${name}_AWS_SECRET_ACCESS_KEY`]: `secret of ${name}`,
  [`${name}_BUCKET_NAME`]: `bucket-of-${name.toLowerCase()}`,
  [`${name}_AWS_REGION`]: 'eu-west-1',
})
const cloudcube = {
  CLOUDCUBE_ACCESS_KEY_ID: 'id of cube',
  CLOUDCUBE_SECRET_ACCESS_KEY: 'secret of cube',
  CLOUDCUBE_URL: 'https://cloud-cube-eu.s3.amazonaws.com/a1b2c3d4',
}
const database = { DATABASE_URL: 'postgres://user:password@host/db' }

describe('which store the environment names', () => {
  it('is none where nothing names one', () => {
    assert.equal(locateStore({}), null)
    assert.equal(locateStore({ TGSESSION_STORE: '  ', DATABASE_URL: '', PATH: '/bin' }), null)
    assert.equal(locateStore({ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }), null)
  })

  it('is TGSESSION_STORE before all others', () => {
    assert.deepEqual(
      locateStore({ ...database, ...cloudcube, ...bucketeer('BUCKETEER'), TGSESSION_STORE: ' file:./here ' }),
      { url: 'file:./here', source: 'TGSESSION_STORE' },
    )
  })

  it('is Bucketeer, also under an alias', () => {
    for (const name of ['BUCKETEER', 'MY_OWN_FILES'])
      assert.deepEqual(locateStore(bucketeer(name)), {
        url: `s3://bucket-of-${name.toLowerCase()}?region=eu-west-1`,
        credentials: { accessKeyId: `id of ${name}`, secretAccessKey: `secret of ${name}` },
        source: `${name}_BUCKET_NAME`,
      })
    const { BUCKETEER_AWS_REGION: _, ...noRegion } = bucketeer('BUCKETEER')
    assert.equal(locateStore(noRegion)?.url, 's3://bucket-of-bucketeer?region=us-east-1')
  })

  it('is Cloudcube, whose prefix is kept', () => {
    const found = locateStore(cloudcube)
    assert.deepEqual(found, {
      url: 's3://cloud-cube-eu/a1b2c3d4?region=us-east-1',
      credentials: { accessKeyId: 'id of cube', secretAccessKey: 'secret of cube' },
      source: 'CLOUDCUBE_URL',
    })
    assert.equal(parseS3Url(found.url).prefix, 'a1b2c3d4/')
    const elsewhere = {
      FILES_ACCESS_KEY_ID: 'id',
      FILES_SECRET_ACCESS_KEY: 'secret',
      FILES_URL: 'https://a.bucket.s3.eu-west-1.amazonaws.com/cube/',
    }
    assert.equal(locateStore(elsewhere)?.url, 's3://a.bucket/cube/?region=eu-west-1')
  })

  it('is nothing that only resembles an add-on', () => {
    assert.equal(
      locateStore({ API_ACCESS_KEY_ID: 'x', API_SECRET_ACCESS_KEY: 'x', API_URL: 'https://x.org/y' }),
      null,
    )
    assert.equal(locateStore({ API_ACCESS_KEY_ID: 'x', API_SECRET_ACCESS_KEY: 'x', API_URL: 'no url' }), null)
    assert.equal(locateStore({ X_AWS_ACCESS_KEY_ID: 'x', X_AWS_SECRET_ACCESS_KEY: 'x' }), null)
  })

  it('is the database, by whatever name its host hands it out', () => {
    for (const name of [
      'DATABASE_URL',
      'HEROKU_POSTGRESQL_GREEN_URL',
      'JAWSDB_URL',
      'JAWSDB_MARIA_URL',
      'CLEARDB_DATABASE_URL',
      'POSTGRES_URL',
      'SUPABASE_DB_URL',
    ]) {
      const url = name.includes('DB_') && !name.startsWith('SUPA') ? 'mysql://u:p@h/d' : 'postgres://u:p@h/d'
      assert.deepEqual(locateStore({ [name]: url }), { url, source: name })
      assert.deepEqual(locateStore({ OTHER: url, TGSESSION_STORE: 'OTHER' }), { url, source: 'OTHER' })
    }
  })

  it('is one database where the host gives it two names', () => {
    const url = database.DATABASE_URL
    assert.equal(locateStore({ HEROKU_POSTGRESQL_GREEN_URL: url, DATABASE_URL: url })?.source, 'DATABASE_URL')
    const again = 'postgresql://u:other@HOST:5432/db?sslmode=require'
    assert.equal(locateStore({ POSTGRES_URL: again, DATABASE_URL: url })?.source, 'DATABASE_URL')
    const second = { HEROKU_POSTGRESQL_GREEN_URL: 'postgres://u:p@other/db', DATABASE_URL: url }
    refuses(second, 'store.several_found', /DATABASE_URL, HEROKU_POSTGRESQL_GREEN_URL/)
  })

  it('never changes because an add-on was attached later', () => {
    refuses({ ...database, ...bucketeer('BUCKETEER') }, 'store.several_found', /BUCKETEER, DATABASE_URL/)
  })

  it("is no database of the bot's own", async () => {
    for (const url of ['mongodb://u:hush@h/d', 'mongodb+srv://u:hush@h/d', 'redis://:hush@h', 'rediss://h']) {
      assert.equal(locateStore({ DATABASE_URL: url }), null)
      await assert.rejects(readSettings({ DATABASE_URL: url }, { store: true }), (error: Error) => {
        assert.match(
          error.message,
          /TGSESSION_STORE is missing.*DATABASE_URL is left alone: it names a (MongoDB|Redis)/,
        )
        assert.doesNotMatch(error.message, /hush/)
        return true
      })
      await assert.rejects(readSettings({ TGSESSION_STORE: url }, { store: true }), /names a (MongoDB|Redis)/)
    }
  })

  it('is DATABASE_URL at last', () => {
    assert.deepEqual(locateStore(database), { url: database.DATABASE_URL, source: 'DATABASE_URL' })
  })

  it('must be chosen where there are several, and can be by name', () => {
    const env = { ...bucketeer('BUCKETEER'), ...bucketeer('OLD'), ...cloudcube, ...database }
    refuses(env, 'store.several_found', /BUCKETEER, OLD, CLOUDCUBE/)
    assert.equal(locateStore({ ...env, TGSESSION_STORE: 'OLD' })?.source, 'OLD_BUCKET_NAME')
    assert.equal(locateStore({ ...env, TGSESSION_STORE: 'CLOUDCUBE' })?.source, 'CLOUDCUBE_URL')
    assert.equal(locateStore({ ...env, TGSESSION_STORE: 'DATABASE_URL' })?.source, 'DATABASE_URL')
    refuses({ ...env, TGSESSION_STORE: 'NEW' }, 'store.unknown_add_on', /^TGSESSION_STORE is neither/)
    refuses({ TGSESSION_STORE: 'DATABASE_URL' }, 'store.unknown_add_on', /^TGSESSION_STORE is neither/)
  })

  it('is not repeated where it is none: it may be a secret in the wrong place', () => {
    for (const secret of ['HUSH0123456789', 'AGE_SECRET_HUSH'])
      assert.throws(
        () => locateStore({ ...bucketeer('BUCKETEER'), TGSESSION_STORE: secret }),
        (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.doesNotMatch(`${error.stack} ${error.hint}`, /HUSH/)
          return true
        },
      )
  })

  it('must be whole', () => {
    const { BUCKETEER_AWS_SECRET_ACCESS_KEY: _, ...half } = bucketeer('BUCKETEER')
    refuses(half, 'store.incomplete_add_on', /BUCKETEER_AWS_SECRET_ACCESS_KEY/)
  })
})

function refuses(env: Environment, code: string, message: RegExp): void {
  assert.throws(
    () => locateStore(env),
    (error) => {
      assert.ok(error instanceof ConfigurationError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(`${error.message} ${error.hint}`, /id of|secret of|password/)
      return true
    },
  )
}
