import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createVerify, generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { GcsServer } from '../../support/store/gcs-server.ts'
import {
  type Answer,
  type Asked,
  type Certificate,
  type ForwardProxy,
  HttpServer,
  makeCertificate,
  startProxy,
} from '../../support/store/http-server.ts'
import { missing } from '../../support/requires.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const account = {
  type: 'service_account',
  project_id: 'my-project',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: 'me@my-project.iam.gserviceaccount.com',
}

/** A whole process with this environment; what it prints on both ends, and what came of it. */
async function run(script: string, env: Record<string, string>): Promise<{ out: string; err: string }> {
  const all = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    METADATA_SERVER_DETECTION: 'none',
    ...env,
  }
  const args = ['--input-type=module', '-e', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env: all })
  return { out: stdout, err: stderr }
}

const USE_STORE = `
  const { locateStore } = await import(${JSON.stringify(path.resolve('src/store/locate.ts'))})
  const { openStore } = await import(${JSON.stringify(path.resolve('src/store/open-store.ts'))})
  const store = await openStore(locateStore(process.env))
  try {
    const version = await store.put('key', Buffer.from('hello'), 'absent')
    const found = await store.get('key')
    process.stdout.write(version === found.version ? Buffer.from(found.bytes) : 'another version')
  } catch (error) {
    process.stdout.write(JSON.stringify([error.code, error.message, error.hint, String(error.cause)]))
  }
  await store.close()`

describe('Firebase as whole processes see it', { skip: missing.command('openssl', 'version') }, () => {
  let google: HttpServer
  let storage: GcsServer
  let certificate: Certificate
  let proxy: ForwardProxy
  const folder = temporaryFolder()
  let tokens: (asked: Asked) => Answer
  const base = (): Record<string, string> => ({
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: certificate.file,
    TGSESSION_STORE: 'firebase://bucket/p',
  })

  before(async () => {
    certificate = makeCertificate('storage.googleapis.com', 'oauth2.googleapis.com')
    storage = await GcsServer.start({ token: 'the-token' })
    google = await HttpServer.start(
      (asked) => (asked.url.pathname === '/token' ? tokens(asked) : storage.answer(asked)),
      certificate,
    )
    proxy = await startProxy(google.port)
  })
  beforeEach(() => {
    google.seen.length = 0
    tokens = () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ access_token: 'the-token', expires_in: 3600, token_type: 'Bearer' }),
    })
  })
  after(async () => {
    await proxy.close()
    await google.close()
    await storage.close()
    certificate.remove()
  })

  it('signs in with a service account, and reaches Google’s addresses through the proxy', async () => {
    const env = { ...base(), FIREBASE_SERVICE_ACCOUNT: JSON.stringify(account) }
    assert.deepEqual(await run(USE_STORE, env), { out: 'hello', err: '' })
    assert.equal(storage.peek('p/key')?.toString(), 'hello')
    assert.deepEqual(
      google.seen.map(({ method, url, headers }) => `${method} ${headers.host} ${url.pathname}`),
      [
        'POST oauth2.googleapis.com /token',
        'POST storage.googleapis.com /upload/storage/v1/b/bucket/o',
        'GET storage.googleapis.com /storage/v1/b/bucket/o/p%2Fkey',
      ],
    )
    const [header, claims, signature] = new URLSearchParams(google.seen[0]!.body.toString())
      .get('assertion')!
      .split('.')
    const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`)
    assert.ok(verify.verify(publicKey, signature!, 'base64url'))
    assert.match(Buffer.from(claims!, 'base64url').toString(), /me@my-project/)
  })

  it('takes the file that GOOGLE_APPLICATION_CREDENTIALS names', async () => {
    const file = path.join(folder, 'account.json')
    await writeFile(file, JSON.stringify(account))
    storage.place('p/key', 'there')
    const env = { ...base(), GOOGLE_APPLICATION_CREDENTIALS: file }
    const { out, err } = await run(USE_STORE, env)
    assert.match(out, /store\.conflict/)
    assert.equal(err, '')
  })

  it('says what is wrong with the credentials, without the SDK’s words', async () => {
    const broken = path.join(folder, 'broken.json')
    await writeFile(broken, '{"private_key":"hush-hush')
    for (const [env, code] of [
      [{}, 'store.no_credentials'],
      [{ GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/hush-hush.json' }, 'store.bad_credentials'],
      [{ GOOGLE_APPLICATION_CREDENTIALS: broken }, 'store.bad_credentials'],
    ] as const) {
      const { out, err } = await run(USE_STORE, { ...base(), ...env })
      assert.match(out, new RegExp(`^\\["${code}"`))
      assert.doesNotMatch(out + err, /hush-hush/)
    }
  })

  it('says that Google refuses the key', async () => {
    tokens = () => ({
      status: 400,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }),
    })
    const env = { ...base(), FIREBASE_SERVICE_ACCOUNT: JSON.stringify(account) }
    const { out, err } = await run(USE_STORE, env)
    assert.match(out, /^\["store\.forbidden".*deleted/)
    assert.doesNotMatch(out + err, /MII|assertion/)
  })

  it('says that Google cannot be reached', async () => {
    const env = { ...base(), FIREBASE_SERVICE_ACCOUNT: JSON.stringify(account) }
    const nobody = await startProxy(1)
    await nobody.close()
    const { out } = await run(USE_STORE, { ...env, HTTPS_PROXY: nobody.url })
    assert.match(out, /^\["store\.unreachable"/)
  })

  it('is served the same by Google’s own client, which shows that this server is one', async (t) => {
    const emulator = await GcsServer.start()
    t.after(async () => emulator.close())
    const script = `
      const { initializeApp } = await import('firebase-admin/app')
      const { getStorage } = await import('firebase-admin/storage')
      const file = getStorage(initializeApp({})).bucket('bucket').file('by the sdk')
      const options = { resumable: false, validation: 'md5', preconditionOpts: { ifGenerationMatch: 0 } }
      await file.save('hello', options)
      const again = await file.save('again', options).catch((error) => error.code)
      const [bytes] = await file.download({ validation: 'md5' })
      const [files] = await file.bucket.getFiles({ prefix: 'by' })
      const names = files.map(({ name }) => name)
      await file.delete()
      const gone = await file.download({ validation: 'md5' }).catch((error) => error.code)
      process.stdout.write(JSON.stringify([String(bytes), again, names, gone, typeof file.metadata.generation]))`
    const { out } = await run(script, { STORAGE_EMULATOR_HOST: emulator.origin })
    assert.deepEqual(JSON.parse(out), ['hello', 412, ['by the sdk'], 404, 'string'])
  })
})
