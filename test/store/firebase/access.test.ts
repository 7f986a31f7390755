import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { parseFirebaseUrl } from '../../../src/store/firebase/location.ts'
import { locateStore } from '../../../src/store/locate.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const json = JSON.stringify({
  type: 'service_account',
  project_id: 'my-project',
  private_key: privateKey,
  client_email: 'me@my-project.iam.gserviceaccount.com',
})
const expected = {
  projectId: 'my-project',
  clientEmail: 'me@my-project.iam.gserviceaccount.com',
  privateKey,
}
const STORE = { TGSESSION_STORE: 'firebase://bucket/prefix' }
const parts = {
  FIREBASE_PROJECT_ID: expected.projectId,
  FIREBASE_CLIENT_EMAIL: expected.clientEmail,
  FIREBASE_PRIVATE_KEY: privateKey,
}

const accountOf = (env: Record<string, string>): unknown => {
  const account = locateStore({ ...STORE, ...env })?.firebase?.serviceAccount
  // Hosts cut off the last line end.
  return account && { ...account, privateKey: `${account.privateKey.trimEnd()}\n` }
}

describe('the credentials of a Firebase store', () => {
  it('are read from JSON, and from base64 of it, also in lines', () => {
    const base64 = Buffer.from(json).toString('base64')
    for (const text of [
      json,
      `  ${json}\n`,
      base64,
      base64.replaceAll(/.{76}/g, '$&\n'),
      Buffer.from(json).toString('base64url'),
    ])
      assert.deepEqual(accountOf({ FIREBASE_SERVICE_ACCOUNT: text }), expected)
  })

  it('are read from three variables', () => {
    assert.deepEqual(accountOf(parts), expected)
  })

  it('get the line ends of their key back, however it was mangled', () => {
    const literal = privateKey.replaceAll('\n', '\\n')
    for (const key of [literal, `"${literal}"`, `'${literal}'`, privateKey.replaceAll('\n', '\\r\\n')])
      assert.deepEqual(accountOf({ ...parts, FIREBASE_PRIVATE_KEY: key }), expected)
    const doubled = json.replaceAll('\\n', '\\\\n')
    assert.deepEqual(accountOf({ FIREBASE_SERVICE_ACCOUNT: doubled }), expected)
  })

  it('are left to the SDK where none of these is set', () => {
    for (const env of [{}, { FIREBASE_PROJECT_ID: 'x' }, { GOOGLE_APPLICATION_CREDENTIALS: '/etc/key.json' }])
      assert.deepEqual(locateStore({ ...STORE, ...env })?.firebase, {})
  })

  it('are looked at only where the store needs them', () => {
    const env = { FIREBASE_SERVICE_ACCOUNT: 'broken', STORAGE_EMULATOR_HOST: 'broken' }
    assert.deepEqual(locateStore({ ...env, TGSESSION_STORE: 'file:./x' }), {
      url: 'file:./x',
      source: 'TGSESSION_STORE',
    })
  })

  for (const [name, env, code, hint] of [
    ['a path', { FIREBASE_SERVICE_ACCOUNT: '/app/hush-hush.json' }, 'bad_credentials', /GOOGLE_APPLICATION/],
    ['nonsense', { FIREBASE_SERVICE_ACCOUNT: 'hush-hush' }, 'bad_credentials', /base64/],
    ['half of it', { FIREBASE_SERVICE_ACCOUNT: '{"private_key":"hush-hush' }, 'bad_credentials', /base64/],
    [
      'another kind',
      { FIREBASE_SERVICE_ACCOUNT: '{"type":"authorized_user","refresh_token":"hush-hush"}' },
      'bad_credentials',
      /Service accounts/,
    ],
    ['no key', { FIREBASE_SERVICE_ACCOUNT: '{"project_id":"hush-hush"}' }, 'bad_credentials', /whole file/],
    [
      'a key that is none',
      { FIREBASE_SERVICE_ACCOUNT: json.replace(/MII/, 'hush-hush') },
      'bad_credentials',
      /BEGIN PRIVATE KEY/,
    ],
    ['two of three', { ...parts, FIREBASE_PROJECT_ID: ' ' }, 'incomplete_credentials', /all three/],
    [
      'JSON in the variable for a path',
      { GOOGLE_APPLICATION_CREDENTIALS: '{"private_key":"hush-hush"}' },
      'bad_credentials',
      /FIREBASE_SERVICE_ACCOUNT/,
    ],
    [
      'an emulator without http://',
      { STORAGE_EMULATOR_HOST: 'localhost:9199' },
      'bad_emulator',
      /=http:\/\//,
    ],
    [
      'an emulator of Firebase with http://',
      { FIREBASE_STORAGE_EMULATOR_HOST: 'http://localhost:9199' },
      'bad_emulator',
      /=127\.0\.0\.1:9199/,
    ],
  ] as const)
    it(`are refused where they are ${name}, and never repeated`, () => {
      assert.throws(
        () => locateStore({ ...STORE, ...env }),
        (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.equal(error.code, `store.${code}`)
          assert.match(error.hint, hint)
          assert.equal(error.cause, undefined)
          assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush|MII/)
          return true
        },
      )
    })

  it('are not asked for with an emulator, of which Google’s variable comes first', () => {
    const broken = { FIREBASE_SERVICE_ACCOUNT: 'broken' }
    const firebase = { ...broken, FIREBASE_STORAGE_EMULATOR_HOST: '127.0.0.1:9199' }
    assert.deepEqual(locateStore({ ...STORE, ...firebase })?.firebase, { emulator: 'http://127.0.0.1:9199' })
    const both = { ...firebase, STORAGE_EMULATOR_HOST: 'https://gcs.example.org:4443/' }
    assert.deepEqual(locateStore({ ...STORE, ...both })?.firebase, {
      emulator: 'https://gcs.example.org:4443',
    })
  })
})

describe('the URL of a Firebase store', () => {
  it('names bucket and prefix', () => {
    for (const url of ['firebase://my-app.appspot.com/a/b%20%C3%BC', 'gs://my-app.appspot.com//a/b ü//'])
      assert.deepEqual(parseFirebaseUrl(url), {
        bucket: 'my-app.appspot.com',
        prefix: 'a/b ü/',
        label: 'firebase://my-app.appspot.com/a/b ü',
      })
    assert.deepEqual(parseFirebaseUrl('gs://bucket'), {
      bucket: 'bucket',
      prefix: '',
      label: 'firebase://bucket',
    })
  })

  for (const [url, problem] of [
    ['firebase://me:hush-hush@bucket/p', /credentials/],
    ['firebase:///p', /bucket/],
    ['firebase:bucket', /bucket/],
    ['firebase://bucket:80/p', /port/],
    ['firebase://bucket?token=hush-hush', /\?/],
    ['firebase://bucket/#hush-hush', /#/],
    ['firebase://Bucket_with_%20/p', /start|bucket/],
    ['firebase://bucket/%zz', /%/],
    ['s3://bucket', /firebase:\/\//],
  ] as const)
    it(`refuses ${url}, and repeats no secret`, () => {
      assert.throws(
        () => parseFirebaseUrl(url),
        (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.equal(error.code, 'store.bad_url')
          assert.match(error.message, problem)
          assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
          return true
        },
      )
    })
})
