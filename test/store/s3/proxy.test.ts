import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import path from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { DEFAULT_RETRY } from '../../../src/base/retry.ts'
import { parseS3Url } from '../../../src/store/s3/location.ts'
import { S3Store } from '../../../src/store/s3/s3-store.ts'
import {
  type Certificate,
  type ForwardProxy,
  makeCertificate,
  startProxy,
} from '../../support/store/http-server.ts'
import { MAIN } from '../../support/cli/main-program.ts'
import { missing } from '../../support/requires.ts'
import { S3Server } from '../../support/store/s3-server.ts'

const HOST = 's3.example.org'
const AWS = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'the-secret-key', HOME: '/nonexistent' }

const USE_STORE = `
  const { locateStore } = await import(${JSON.stringify(path.resolve('src/store/locate.ts'))})
  const { openStore } = await import(${JSON.stringify(path.resolve('src/store/open-store.ts'))})
  const store = await openStore(locateStore(process.env))
  try {
    const version = await store.put(process.env.KEY, Buffer.from('hello'), 'absent')
    const found = await store.get(process.env.KEY)
    process.stdout.write(version === found.version ? Buffer.from(found.bytes) : 'another version')
  } catch (error) {
    process.stdout.write([error.code, error.message, error.hint, error.cause].join(' '))
  }
  await store.close()`

let keys = 0
/** A whole process, as trusted authorities are read once, when Node starts. */
async function run(env: Record<string, string>): Promise<string> {
  const all = { PATH: process.env['PATH'] ?? '', ...AWS, KEY: `key-${(keys += 1)}`, ...env }
  const args = ['--input-type=module', '-e', USE_STORE]
  return (await promisify(execFile)(process.execPath, args, { env: all })).stdout
}

describe('S3 behind a proxy', { skip: missing.command('openssl', 'version') }, () => {
  let certificate: Certificate
  let server: S3Server
  let proxy: ForwardProxy
  let env: Record<string, string>

  before(async () => {
    certificate = makeCertificate(HOST, '127.0.0.1')
    server = await S3Server.start({ tls: certificate })
    proxy = await startProxy(server.port)
    env = {
      NODE_EXTRA_CA_CERTS: certificate.file,
      HTTPS_PROXY: proxy.url.replace('//', '//me:hush%20hush@'),
      TGSESSION_STORE: `s3://bucket/p?region=us-east-1&endpoint=https://${HOST}`,
    }
  })
  beforeEach(() => {
    proxy.seen.length = 0
  })
  after(async () => {
    await proxy.close()
    await server.close()
    certificate.remove()
  })

  it('asks it for a tunnel, and uses that again', async () => {
    assert.equal(await run(env), 'hello')
    assert.deepEqual(proxy.seen, [`${HOST}:443`])
    assert.equal(proxy.authorizations[0], `Basic ${Buffer.from('me:hush hush').toString('base64')}`)
  })

  it('asks it too where an endpoint, or the add-on, is named otherwise', async () => {
    const { TGSESSION_STORE: _, ...rest } = env
    const endpoint = `https://${HOST}`
    const plain = {
      ...rest,
      TGSESSION_STORE: 's3://bucket/p',
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'x-1',
    }
    assert.equal(await run(plain), 'hello')
    const addOn = {
      ...rest,
      AWS_ENDPOINT_URL_S3: endpoint,
      BUCKETEER_AWS_ACCESS_KEY_ID: 'testkey',
      BUCKETEER_AWS_SECRET_ACCESS_KEY: 'the-secret-key',
      BUCKETEER_BUCKET_NAME: 'bucket',
    }
    assert.equal(await run(addOn), 'hello')
    assert.deepEqual(proxy.seen, [`${HOST}:443`, `${HOST}:443`])
  })

  it('does not for a host in NO_PROXY, nor ever for this machine', async () => {
    for (const NO_PROXY of ['.example.org', '*'])
      assert.match(await run({ ...env, NO_PROXY }), /^store\.unreachable/)
    const here = { ...env, TGSESSION_STORE: server.url('p') }
    assert.equal(await run(here), 'hello')
    assert.equal(await run({ ...here, NO_PROXY: 'example.org' }), 'hello')
    assert.deepEqual(proxy.seen, [])
  })

  it('is asked by all that the doctor looks at', async () => {
    const all = { PATH: process.env['PATH'] ?? '', ...AWS, ...env, TGSESSION_ENCRYPTION: 'none' }
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'doctor', '--json'], { env: all })
    const { checks }: { checks: { check: string; state: string }[] } = JSON.parse(stdout)
    const states = Object.fromEntries(checks.map(({ check, state }) => [check, state]))
    assert.deepEqual([states['store'], states['clock'], states['bucket']], ['ok', 'ok', 'ok'], stdout)
  })

  it('says that the proxy does not let us through, and not with what we tried', async (t) => {
    const refusing = await startProxy(1, 407)
    t.after(async () => refusing.close())
    const HTTPS_PROXY = refusing.url.replace('//', '//me:hush-hush@')
    const told = await run({ ...env, HTTPS_PROXY })
    assert.match(told, /^store\.unreachable .*proxy does not let us through.*HTTPS_PROXY/)
    assert.ok(!told.includes('hush'), told)
    const wrong = await run({ ...env, HTTPS_PROXY: 'socks5://me:hush-hush@host' }).catch(String)
    assert.match(wrong, /store\.bad_proxy/)
  })

  it('waits no longer for a proxy that never answers, and not after it was told to stop', async (t) => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    t.after(() => silent.close())
    const address = silent.address()
    assert.ok(address !== null && typeof address === 'object')
    const through = { https: `http://127.0.0.1:${address.port}` }
    const once = { ...DEFAULT_RETRY, attempts: 1 }
    const location = parseS3Url(env['TGSESSION_STORE'] ?? '')
    const credentials = { accessKeyId: 'testkey', secretAccessKey: 'the-secret-key' }
    const open = (connectMs: number): S3Store =>
      new S3Store(location, {
        credentials,
        proxy: through,
        retry: once,
        timeouts: { connectMs, idleMs: 60_000 },
      })
    const [hasty, patient] = [open(100), open(60_000)]
    await assert.rejects(hasty.get('key'), { code: 'store.unreachable' })
    const stop = new AbortController()
    const waiting = patient.get('key', { signal: stop.signal })
    silent.once('connection', () => stop.abort(new Error('enough')))
    await assert.rejects(waiting, /enough/)
    await Promise.all([hasty.close(), patient.close()])
    // It ends only when no connection is left: what waits for a tunnel must not outlive the store, and keep Node alive.
    await new Promise((resolve) => silent.close(resolve))
  })

  it('names what is wrong with a certificate', async () => {
    const { NODE_EXTRA_CA_CERTS: _, ...untrusted } = env
    assert.match(await run(untrusted), /^store\.untrusted .*SELF_SIGNED.*NODE_EXTRA_CA_CERTS/)
    const direct = { ...untrusted, TGSESSION_STORE: server.url('p') }
    assert.match(await run(direct), /^store\.untrusted .*SELF_SIGNED.*NODE_EXTRA_CA_CERTS/)
  })
})
