import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { describeSettings, settingsAsJson } from '../../src/config/describe.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readHost } from '../../src/config/host.ts'
import { type Environment, type Needs, readSettings } from '../../src/config/settings.ts'
import { TgsessionError } from '../../src/base/errors.ts'
import { guardKey, parseKey, recipientOf } from '../../src/seal/key.ts'

const HEX = '5a'.repeat(32)
const OTHER_HEX = 'c3'.repeat(32)
const IDENTITY = parseKey(HEX)
const RECIPIENT = recipientOf(IDENTITY)
const S3 = 's3://bucket/prefix?region=eu-west-1'
const API = { TELEGRAM_API_ID: '123456', TELEGRAM_API_HASH: '0123456789abcdef0123456789abcdef' }
/** All whose values are checked; TGSESSION_FILE and the names of hosts are shown. */
const VARIABLES = [
  'TGSESSION_STORE',
  'TGSESSION_CONTAINER',
  'TGSESSION_TABLE_PREFIX',
  'TGSESSION_NAME',
  'TGSESSION_ENCRYPTION',
  'TGSESSION_KEY',
  'TGSESSION_KEY_PREVIOUS',
  'TGSESSION_RECIPIENT',
  'TGSESSION_IMPORT',
  'TGSESSION_IMPORT_WAIT',
  'TGSESSION_LEASE_TTL',
  'TGSESSION_MAX_SIZE',
  'TGSESSION_SAVE_AFTER',
  'TGSESSION_SHUTDOWN',
  'TGSESSION_USER_ID',
  'TELEGRAM_API_ID',
  'TELEGRAM_API_HASH',
  'API_ID',
  'API_HASH',
  'DATABASE_URL',
]
const ALL = { store: true, api: true }
const ALL_BUT_API = { store: true }
/** The form of Telethon's StringSession: 353 characters of urlsafe base64. */
const STRING_SESSION = `1${'BVtsOK8Bu3-_'.repeat(30).slice(0, 351)}=`

async function problemsOf(env: Environment, needs: Needs = ALL): Promise<string[]> {
  const error: unknown = await readSettings(env, needs).then(
    () => assert.fail('it was accepted'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TgsessionError, String(error))
  assert.equal(error.code, 'config.invalid')
  assert.equal(error.exitCode, 78)
  return error.message.split('\n  - ').slice(1)
}

const ttlOf = async (text: string): Promise<number> =>
  (await readSettings({ TGSESSION_LEASE_TTL: text })).leaseTtlMs

describe('settings', () => {
  it('need nothing unless something is needed', async () => {
    const settings = await readSettings({})
    assert.deepEqual(settings, {
      store: null,
      container: undefined,
      name: 'main',
      encryption: 'none',
      identities: [],
      guardKeys: [],
      recipient: undefined,
      file: undefined,
      client: undefined,
      leaseTtlMs: 45_000,
      maxBytes: 256 * 1024 * 1024,
      saveAfterMs: undefined,
      userId: undefined,
      apiId: undefined,
      apiHash: undefined,
      webToken: undefined,
      heartbeat: undefined,
      importing: undefined,
      port: undefined,
      platform: null,
      ...readHost({}),
    })
    assert.equal(settings.label, hostname())
  })

  it('take every variable', async () => {
    const settings = await readSettings(
      {
        ...API,
        TGSESSION_STORE: S3,
        TGSESSION_CONTAINER: 'sqlite:many.db',
        TGSESSION_TABLE_PREFIX: 'tg_',
        TGSESSION_NAME: 'bot-2.eu',
        TGSESSION_KEY: OTHER_HEX,
        TGSESSION_KEY_PREVIOUS: IDENTITY,
        TGSESSION_RECIPIENT: RECIPIENT,
        TGSESSION_FILE: '/tmp/x.session',
        TGSESSION_CLIENT: 'kurigram',
        TGSESSION_LEASE_TTL: '1.5m',
        TGSESSION_MAX_SIZE: '64MB',
        TGSESSION_SAVE_AFTER: '5',
        TGSESSION_SHUTDOWN: '12s',
        TGSESSION_USER_ID: '777000',
        TGSESSION_WEB_TOKEN: 'w'.repeat(32),
        TGSESSION_HEARTBEAT: 'https://hc.test:8443/ping',
        PORT: '5000',
        DYNO: 'worker.1',
      },
      ALL,
    )
    assert.deepEqual(settings, {
      store: { url: S3, source: 'TGSESSION_STORE' },
      container: { url: 'sqlite:many.db', tablePrefix: 'tg_' },
      name: 'bot-2.eu',
      encryption: 'age',
      identities: [parseKey(OTHER_HEX), IDENTITY],
      guardKeys: [parseKey(OTHER_HEX), IDENTITY].map(guardKey),
      recipient: RECIPIENT,
      file: '/tmp/x.session',
      client: 'kurigram',
      leaseTtlMs: 90_000,
      maxBytes: 64 * 1024 * 1024,
      saveAfterMs: 5000,
      shutdownMs: 12_000,
      userId: '777000',
      apiId: 123456,
      apiHash: API.TELEGRAM_API_HASH,
      webToken: 'w'.repeat(32),
      heartbeat: 'https://hc.test:8443/ping',
      importing: undefined,
      port: 5000,
      platform: {
        name: 'Heroku',
        variables: 'dashboard.heroku.com: your app, Settings, Reveal Config Vars',
      },
      label: 'worker.1',
      signalsAll: true,
      isManaged: true,
      diskIsLost: 'all',
    })
  })

  it('take API_ID and API_HASH, after their full names', async () => {
    const short = { API_ID: '99', API_HASH: 'f'.repeat(32) }
    const settings = await readSettings(short, { api: true })
    assert.deepEqual([settings.apiId, settings.apiHash], [99, 'f'.repeat(32)])
    assert.equal((await readSettings({ ...short, ...API })).apiId, 123456)
    assert.equal((await readSettings({ ...short, TELEGRAM_API_ID: '' })).apiId, 99)
  })

  it('take empty and blank for unset, in every variable', async () => {
    const names = [...VARIABLES, 'TGSESSION_FILE', 'DYNO', 'FLY_MACHINE_ID']
    for (const empty of ['', '  ', '\n', undefined]) {
      const env = Object.fromEntries(names.map((name) => [name, empty]))
      assert.deepEqual(await readSettings(env), await readSettings({}))
      assert.equal((await problemsOf(env)).length, 3)
    }
  })

  it('tell every problem at once, and none that is not there', async () => {
    const found = await problemsOf({
      TGSESSION_STORE: S3,
      TGSESSION_NAME: 'Bad Name',
      TGSESSION_KEY: 'bad',
      TGSESSION_KEY_PREVIOUS: 'bad',
      TGSESSION_RECIPIENT: 'bad',
      TGSESSION_ENCRYPTION: 'rot13',
      TGSESSION_LEASE_TTL: '1s',
      TGSESSION_MAX_SIZE: '1GB',
      TGSESSION_SAVE_AFTER: '0',
      TGSESSION_SHUTDOWN: 'soon',
      TGSESSION_USER_ID: '@durov',
      TELEGRAM_API_ID: 'abc',
    })
    const named = found.map((text) => /^\w+/.exec(text)?.[0] ?? text)
    assert.deepEqual(named.toSorted(), [
      'TELEGRAM_API_HASH',
      'TELEGRAM_API_ID',
      'TGSESSION_ENCRYPTION',
      'TGSESSION_KEY',
      'TGSESSION_KEY_PREVIOUS',
      'TGSESSION_LEASE_TTL',
      'TGSESSION_MAX_SIZE',
      'TGSESSION_NAME',
      'TGSESSION_RECIPIENT',
      'TGSESSION_SAVE_AFTER',
      'TGSESSION_SHUTDOWN',
      'TGSESSION_USER_ID',
    ])
    // A key that is there is not called missing because a name is wrong.
    const one = await problemsOf({ ...API, TGSESSION_STORE: S3, TGSESSION_KEY: HEX, TGSESSION_NAME: 'X' })
    assert.equal(one.length, 1)
  })

  it('are all in what `config --json` prints, by their own names', async () => {
    const shown = settingsAsJson(await readSettings({}))
    const others = ['API_ID', 'API_HASH', 'DATABASE_URL']
    for (const name of VARIABLES) assert.equal(name in shown, !others.includes(name), name)
  })

  it('bound what counts as a duration', async () => {
    assert.deepEqual(
      await Promise.all(['45', '45s', '2000ms', '60m', ' 2.5 s '].map(ttlOf)),
      [45_000, 45_000, 2000, 3_600_000, 2500],
    )
    for (const text of ['1999ms', '61m', '-5s', '5h', '1e3', 'Infinity', '0x10', '5 s s'])
      assert.equal((await problemsOf({ TGSESSION_LEASE_TTL: text }, {})).length, 1, text)
  })

  it('know how long each host waits, and what each instance is called', async () => {
    for (const [env, shutdownMs, label] of [
      [{ DYNO: 'web.1' }, 25_000, 'web.1'],
      [{ FLY_MACHINE_ID: '148e' }, 4000, '148e'],
      [{ K_REVISION: 'svc-1' }, 8000, 'svc-1'],
      [{ RENDER_INSTANCE_ID: 'srv-1' }, 25_000, 'srv-1'],
      [{ RAILWAY_REPLICA_ID: 'r-1' }, 8000, 'r-1'],
      [{ RAILWAY_REPLICA_ID: 'r-1', RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '20' }, 16_000, 'r-1'],
      [{ RAILWAY_REPLICA_ID: 'r-1', RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '120' }, 25_000, 'r-1'],
      [{ FLY_MACHINE_ID: 'x', TGSESSION_SHUTDOWN: '30s' }, 30_000, 'x'],
    ] as const) {
      const settings = await readSettings(env)
      assert.deepEqual([settings.shutdownMs, settings.label], [shutdownMs, label])
      assert.equal(settings.signalsAll, 'DYNO' in env)
      assert.equal(settings.isManaged, true)
    }
  })

  it('count on the ten seconds of docker in a container of a host that is not known', () => {
    assert.deepEqual([readHost({}, true).shutdownMs, readHost({}, false).shutdownMs], [8000, 25_000])
    for (const name of ['DYNO', 'RENDER_INSTANCE_ID', 'KUBERNETES_SERVICE_HOST', 'KAMAL_CONTAINER_NAME'])
      assert.equal(readHost({ [name]: 'x' }, true).shutdownMs, 25_000, name)
    assert.deepEqual([readHost({}, true).isGuess, readHost({}, false).isGuess], [true, undefined])
    assert.deepEqual([readHost({}, true).isManaged, readHost({}, false).isManaged], [true, false])
  })

  it('warn of a host that leaves no time, until somebody has seen to it', async () => {
    const railway = { RAILWAY_REPLICA_ID: 'r-1' }
    assert.match((await readSettings(railway)).warning?.hint ?? '', /RAILWAY_DEPLOYMENT_DRAINING_SECONDS=10/)
    for (const seen of [{ RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '10' }, { TGSESSION_SHUTDOWN: '8s' }])
      assert.equal((await readSettings({ ...railway, ...seen })).warning, undefined)
    assert.equal((await readSettings({ DYNO: 'worker.1' })).warning, undefined)
  })
})

const text = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength, maxLength })

describe('a session in the wrong variable', () => {
  it('is refused as a name, and not repeated', async () => {
    const [told = '', ...others] = await problemsOf({ TGSESSION_NAME: STRING_SESSION }, {})
    assert.deepEqual(others, [])
    assert.match(told, /^TGSESSION_NAME .*a session itself never goes here/)
    assert.ok(!told.includes('BVtsO'))
  })

  it('or anything else like a secret is repeated nowhere, by no variable', async () => {
    const secret = fc.oneof(
      text('0123456789abcdef', 32, 64),
      text('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_', 30, 353).map((s) => `1b${s}`),
      text('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58, 58).map((tail) => `AGE-SECRET-KEY-1${tail}`),
      text('abcdefghijklm0123456789', 20, 20).map((password) => `postgres://user:${password}@host/db`),
      text('0123456789', 9, 10).map((id) => `${id}:AAEhBOweik9ai2o01-_x${id}`),
    )
    const env = fc.dictionary(fc.constantFrom(...VARIABLES), secret, { minKeys: 1 })
    const property = fc.asyncProperty(env, async (values) => {
      const error: unknown = await readSettings(values, ALL).then(
        (settings) => new Error(Object.values(describeSettings(settings)).join('\n')),
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof Error)
      const hint = error instanceof TgsessionError ? error.hint : ''
      const told = `${error.message} ${hint} ${String(error.cause)} ${error.stack}`.toLowerCase()
      for (const value of Object.values(values)) {
        const inner = /^postgres:\/\/user:(.*)@/.exec(value)?.[1] ?? value.replace('AGE-SECRET-KEY-1', '')
        for (let start = 0; start + 12 <= inner.length; start += 6)
          assert.ok(!told.includes(inner.slice(start, start + 12).toLowerCase()), told)
      }
    })
    await fc.assert(property, { numRuns: 300 })
  })
})

describe('a container', () => {
  it('takes the place of the store for list, import and export', async () => {
    const env = {
      ...API,
      TGSESSION_CONTAINER: 'DATABASE_URL',
      DATABASE_URL: 'postgres://h/d',
      TGSESSION_KEY: HEX,
    }
    const needs = { container: true }
    const settings = await readSettings(env, needs)
    assert.deepEqual([settings.store, settings.container], [null, { url: 'postgres://h/d', tablePrefix: '' }])
    assert.match(
      (await problemsOf({ ...env, TGSESSION_NAME: STRING_SESSION }, needs)).join(),
      /^TGSESSION_NAME/,
    )
    assert.match((await problemsOf({ TGSESSION_KEY: HEX }, needs)).join(), /^TGSESSION_CONTAINER is missing/)
    // Keys lie there in the clear only where somebody says so.
    assert.match((await problemsOf({ ...env, TGSESSION_KEY: '' }, needs)).join(), /^TGSESSION_KEY is missing/)
    const plain = { ...env, TGSESSION_KEY: '', TGSESSION_ENCRYPTION: 'none' }
    assert.equal((await readSettings(plain, needs)).encryption, 'none')
    const named = { TGSESSION_CONTAINER: 'sqlite:many.db', TGSESSION_KEY: HEX }
    assert.match(await problem(named), /TGSESSION_CONTAINER is for list, import and export only/)
  })
})

const problem = async (env: Environment): Promise<string> => (await problemsOf(env, ALL_BUT_API)).join()

describe('encryption', () => {
  it('may be left out where the store is local', async () => {
    for (const url of ['file:./sessions', 'memory:'])
      assert.equal((await readSettings({ TGSESSION_STORE: url }, ALL_BUT_API)).encryption, 'none')
  })

  it('needs a key where it is not, or was asked for', async () => {
    for (const env of [
      { TGSESSION_STORE: S3 },
      { TGSESSION_STORE: S3, TGSESSION_ENCRYPTION: 'age' },
      { TGSESSION_STORE: 'file:./x', TGSESSION_ENCRYPTION: 'age' },
      { DATABASE_URL: 'postgres://u:p@h/d' },
    ])
      assert.match(await problem(env), /^TGSESSION_KEY is missing/)
    const none = { TGSESSION_STORE: S3, TGSESSION_ENCRYPTION: 'none' }
    assert.equal((await readSettings(none, ALL_BUT_API)).encryption, 'none')
  })

  it('is on where there is a key or a recipient', async () => {
    for (const env of [{ TGSESSION_KEY: HEX }, { TGSESSION_RECIPIENT: RECIPIENT }])
      for (const url of [S3, 'file:./x']) {
        const settings = await readSettings({ ...env, TGSESSION_STORE: url }, ALL_BUT_API)
        assert.deepEqual([settings.encryption, settings.recipient], ['age', RECIPIENT])
        assert.deepEqual(settings.identities, 'TGSESSION_KEY' in env ? [IDENTITY] : [])
      }
  })

  it('takes both forms of a key for the same', async () => {
    const forms = [HEX, HEX.toUpperCase(), IDENTITY, IDENTITY.toLowerCase(), ` ${HEX}\n`]
    for (const TGSESSION_KEY of forms)
      assert.deepEqual((await readSettings({ TGSESSION_KEY })).identities, [IDENTITY])
  })

  it('refuses to encrypt to somebody whose key is not here, where a key is', async () => {
    const env = { TGSESSION_STORE: S3, TGSESSION_KEY: OTHER_HEX, TGSESSION_RECIPIENT: RECIPIENT }
    assert.match(await problem(env), /^TGSESSION_RECIPIENT belongs to another key/)
  })
})

const sourceOf = async (env: Environment): Promise<string | undefined> =>
  (await readSettings(env, ALL_BUT_API)).store?.source

const addOnNamed = (name: string): Environment => ({
  [`${name}_AWS_ACCESS_KEY_ID`]: 'x',
  [`${name}_AWS_SECRET_ACCESS_KEY`]: 'hush',
  [`${name}_BUCKET_NAME`]: 'bucket',
})

describe('the store', () => {
  it('is missed with an example', async () => {
    for (const env of [{}, { TGSESSION_STORE: ' ' }])
      assert.match((await problemsOf(env, ALL_BUT_API)).join(), /^TGSESSION_STORE is missing; for example /)
  })

  it('is what TGSESSION_STORE says, else the one add-on that is there', async () => {
    const addOn = {
      BUCKETEER_AWS_ACCESS_KEY_ID: 'AKIAX',
      BUCKETEER_AWS_SECRET_ACCESS_KEY: 'hush',
      BUCKETEER_BUCKET_NAME: 'their-bucket',
    }
    const all = { TGSESSION_KEY: HEX, TGSESSION_STORE: S3, ...addOn, DATABASE_URL: 'postgres://u:p@h/d' }
    assert.equal(await sourceOf(all), 'TGSESSION_STORE')
    assert.equal(await sourceOf({ TGSESSION_KEY: HEX, ...addOn }), 'BUCKETEER_BUCKET_NAME')
    const [told = ''] = await problemsOf({ ...all, TGSESSION_STORE: '' }, ALL_BUT_API)
    assert.match(told, /^several stores are there: BUCKETEER, DATABASE_URL/)
    const database = { TGSESSION_KEY: HEX, DATABASE_URL: 'postgres://u:p@h/d' }
    assert.equal(await sourceOf(database), 'DATABASE_URL')
  })

  it('is not called missing where there are too many', async () => {
    const found = await problemsOf({ ...addOnNamed('ONE'), ...addOnNamed('TWO') }, ALL_BUT_API)
    assert.equal(found.length, 1)
    assert.match(found[0]!, /^several stores are there: ONE, TWO/)
  })

  it('opens, with a replica of the settings over it', async () => {
    const env = { TGSESSION_STORE: 'memory:', TGSESSION_NAME: 'bot', TGSESSION_LEASE_TTL: '30s', DYNO: 'w.1' }
    const replica = await openReplica(await readSettings(env, ALL_BUT_API))
    assert.deepEqual([replica.name, replica.label, replica.leaseTtlMs], ['bot', 'w.1', 30_000])
    await assert.rejects(replica.restore(), { code: 'session.none' })
    await replica.store.close()
  })
})

const HIDDEN = 'set (hidden: not an address that can be read; `tgsession doctor` says why)'

describe('what is in force', () => {
  it('shows no key, no hash, and says what is set', async () => {
    const env = { ...API, TGSESSION_STORE: S3, TGSESSION_KEY: HEX, TGSESSION_KEY_PREVIOUS: OTHER_HEX }
    const shown = describeSettings(await readSettings(env))
    assert.equal(shown['store'], 's3://bucket/prefix (from TGSESSION_STORE)')
    assert.equal(shown['key'], 'set (hidden), 2 may decrypt')
    assert.equal(shown['recipient'], RECIPIENT)
    const all = JSON.stringify(shown).toLowerCase()
    for (const secret of [HEX, OTHER_HEX, IDENTITY, API.TELEGRAM_API_HASH])
      assert.ok(!all.includes(secret.toLowerCase()), all)
  })

  for (const [url, shown] of [
    ['postgres://user:hush@host:5432/db', 'postgres://host/db'],
    ['postgres://user:hush@hush/hush#hush@host/db', HIDDEN],
    ['postgres://user:hush@hush/hush@host/db', HIDDEN],
    ['mysql://hush@host/db?ssl-key=hush', 'mysql://host/db'],
    ['postgres://host/db?user=me&password=hush', 'postgres://host/db'],
    ['postgres://host/db?password=hu@sh', HIDDEN],
    ['postgres://user:hush', HIDDEN],
    ['postgres://user:hush?x@host/db', HIDDEN],
    ['https://host/file?hush', 'https://host/file'],
    ['https://host/file#hush', 'https://host/file'],
    ['https://host/hush/hush/main.session?hush', 'https://host/…/main.session'],
    ['https://hush@host/hush/main.session/', HIDDEN],
    ['https://host', HIDDEN],
    ['s3://AKIA:hush@bucket/p', HIDDEN],
    ['s3://b/p?region=eu&endpoint=https://host:9000', 's3://b/p?endpoint=https://host:9000'],
    ['s3://b/p?endpoint=https://u:hush@host', HIDDEN],
    ['s3://b/p?endpoint=https%3A%2F%2Fu%3Ahush%40host', HIDDEN],
    ['file:/home/me@work/x', 'file:/home/me@work/x'],
    [`hush${STRING_SESSION}`, HIDDEN],
    ['123456:AAhush', HIDDEN],
  ] as const)
    it(`shows ${url.slice(0, 50)} as ${shown}`, async () => {
      // What is no SQL database is left alone in DATABASE_URL.
      for (const variable of [
        'TGSESSION_STORE',
        ...(/^(postgres|mysql)/.test(url) ? ['DATABASE_URL'] : []),
      ]) {
        const { store } = describeSettings(await readSettings({ [variable]: url, TGSESSION_KEY: HEX }))
        assert.equal(store, `${shown} (from ${variable})`)
        assert.ok(!store.includes('hush') || url.startsWith('file:'))
      }
    })

  it('takes nothing that every object has for a variable that TGSESSION_IMPORT names', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const { importing } = await readSettings({ TGSESSION_IMPORT: name })
      assert.deepEqual([importing?.text, importing?.variables], [name, ['TGSESSION_IMPORT']])
    }
  })
})
