import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { TgsessionError, UnsupportedError } from '../../../src/base/errors.ts'
import type { StoreLocation } from '../../../src/store/locate.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { isPlainObjectUrl } from '../../../src/store/plain/plain-object-url.ts'
import { openPlainObject } from '../../../src/store/plain/plain-object.ts'
import { GcsServer } from '../../support/store/gcs-server.ts'
import { HttpServer } from '../../support/store/http-server.ts'
import { S3Server } from '../../support/store/s3-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const at = (url: string, more: Partial<StoreLocation> = {}): StoreLocation => ({
  url,
  source: 'TGSESSION_STORE',
  ...more,
})

describe('one plain session file', () => {
  const cwd = temporaryFolder()
  let s3: S3Server
  let gcs: GcsServer
  let web: HttpServer

  before(async () => {
    await mkdir(path.join(cwd, 'folder.session'))
    s3 = await S3Server.start()
    gcs = await GcsServer.start()
    web = await HttpServer.start(({ url }) =>
      url.pathname === '/a/main.session' ? { status: 200, body: 'web' } : { status: 404 },
    )
  })
  after(async () => {
    await s3.close()
    await gcs.close()
    await web.close()
  })

  it('is what an address ends in', () => {
    for (const url of [
      's3://b/main.session',
      's3://b/a/main.session.age?region=x#y',
      'gs://b/MAIN.SESSION',
      'file:./main.session',
      'https://host/main.session?sig=x',
      'https://host/download',
    ])
      assert.ok(isPlainObjectUrl(url), url)
    for (const url of [
      's3://b/session',
      's3://b/main.sessions',
      'file:./a.session/b',
      's3://b?x=main.session',
      'firebase://b/p',
    ])
      assert.ok(!isPlainObjectUrl(url), url)
  })

  it('is read from each kind of place; null where it is not there', async () => {
    const credentials = { accessKeyId: 'testkey', secretAccessKey: 'x' }
    await writeFile(path.join(cwd, 'main.session'), 'file')
    gcs.place('main.session.age', 'top')
    gcs.place('a b/main.session', 'gcs')
    const seed = await openStore(at(s3.url('p'), { credentials }))
    await seed.put('main.session', Buffer.from('s3'), 'absent')
    await seed.close()
    const firebase = { emulator: gcs.origin }
    for (const [location, expected] of [
      [at('file:./main.session'), 'file'],
      [at(`file://${cwd}/main.session`), 'file'],
      [at('file:./none.session'), null],
      [at(s3.url('p/main.session'), { credentials }), 's3'],
      [at(s3.url('p/none.session'), { credentials }), null],
      [at('gs://bucket/main.session.age', { firebase }), 'top'],
      [at('firebase://bucket/a%20b/main.session', { firebase }), 'gcs'],
      [at('firebase://bucket/none.session', { firebase }), null],
      [at(`${web.origin}/a/main.session`), 'web'],
      [at(`${web.origin}/none.session`), null],
    ] as const) {
      const object = await openPlainObject(location, { cwd })
      const found = await object.get()
      assert.equal(found && Buffer.from(found.bytes).toString(), expected, location.url)
      if (found) assert.equal((await object.get())?.version, found.version)
      assert.match(object.label, /(main|none)\.session/)
      await object.close()
    }
  })

  it('has another version when its content has changed', async () => {
    const object = await openPlainObject(at('file:./changing.session'), { cwd })
    await writeFile(path.join(cwd, 'changing.session'), 'one')
    const first = await object.get()
    await writeFile(path.join(cwd, 'changing.session'), 'two')
    assert.notEqual((await object.get())?.version, first?.version)
    await assert.rejects(object.get({ maxBytes: 2 }), hasCode('store.too_large'))
    await assert.rejects(object.get({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
  })

  for (const [url, code] of [
    ['file:./nowhere/main.session', 'store.not_found'],
    ['file:./folder.session', 'store.not_found'],
  ] as const)
    it(`takes ${url} for no proof that it is not there`, async () => {
      const object = await openPlainObject(at(url), { cwd })
      await assert.rejects(object.get(), hasCode(code))
    })

  for (const [url, code] of [
    ['s3://bucket/p', 'store.bad_url'],
    ['s3://main.session', 'store.bad_url'],
    ['sqlite:./main.session', 'store.no_plain_object'],
    ['memory:x.session', 'store.no_plain_object'],
    ['main.session', 'store.no_plain_object'],
    ['https://me:hush-hush@host/main.session', 'store.bad_url'],
  ] as const)
    it(`refuses ${url}`, async () => {
      await assert.rejects(openPlainObject(at(url), { cwd }), (error) => {
        assert.ok(hasCode(code)(error) && error instanceof TgsessionError)
        assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
        return true
      })
    })

  it('is no store, and a store’s hint says what it is for', async () => {
    for (const url of ['s3://b/main.session', 'https://host/x?t=hush-hush', 'file:./main.session.age'])
      await assert.rejects(openStore(at(url), { cwd }), (error) => {
        assert.ok(error instanceof UnsupportedError)
        assert.equal(error.code, 'store.plain_object')
        assert.match(error.hint, /tgsession run/)
        assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
        return true
      })
  })
})

describe('the SDKs of the stores', () => {
  it('are loaded when they are used, and not before', async (t) => {
    const gcs = await GcsServer.start()
    t.after(async () => gcs.close())
    const script = `
      import { registerHooks } from 'node:module'
      const loaded = new Set()
      registerHooks({ load: (url, context, next) => {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
        if (name !== undefined) loaded.add(name)
        return next(url, context)
      } })
      const { openStore } = await import(${JSON.stringify(path.resolve('src/store/open-store.ts'))})
      const { openPlainObject } = await import(${JSON.stringify(path.resolve('src/store/plain/plain-object.ts'))})
      const open = async (url, more) => openStore({ url, source: 'x', ...more })
      const s3 = await open('s3://bucket/p')
      const firebase = await open('gs://bucket/p', { firebase: { emulator: ${JSON.stringify(gcs.origin)} } })
      await openPlainObject({ url: 'https://host/main.session', source: 'x' })
      const before = [...loaded]
      await firebase.get('key')
      console.log(JSON.stringify({ before, after: [...loaded].includes('undici'), admin: loaded.has('firebase-admin') }))
      await firebase.close()`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    assert.deepEqual(JSON.parse(stdout), { before: [], after: true, admin: false })
  })
})

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TgsessionError && error.code === code
}
