import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ConfigurationError } from '../../src/base/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { S3Server } from '../support/store/s3-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bytes = new TextEncoder().encode('hello')
const location = (url: string): { url: string; source: string } => ({ url, source: 'TGSESSION_STORE' })

describe('opening a store by its address', () => {
  const cwd = temporaryFolder()

  it('takes file: with a relative path, an absolute one, and //', async () => {
    for (const [url, folder] of [
      ['file:./a', 'a'],
      ['file:b/c', 'b/c'],
      [`file:${cwd}/d`, 'd'],
      [`file://${cwd}/e`, 'e'],
      ['file:./with%20space and ü', 'with space and ü'],
      ['file:./50%25', '50%'],
    ] as const) {
      const store = await openStore(location(url), { cwd })
      await store.put('main/key', bytes, 'absent')
      assert.equal(await readFile(path.join(cwd, folder, 'main/key'), 'utf8'), 'hello')
      assert.equal(store.label, `file:${path.join(cwd, folder)}`)
      await store.close()
    }
  })

  it('takes memory: and s3:', async () => {
    const memory = await openStore(location('memory:'))
    await memory.put('key', bytes, 'absent')
    const server = await S3Server.start()
    const s3 = await openStore({
      ...location(server.url('p')),
      credentials: { accessKeyId: 'testkey', secretAccessKey: 'x' },
    })
    await s3.put('key', bytes, 'absent')
    assert.equal(server.peek('p/key')?.toString(), 'hello')
    await s3.close()
    await server.close()
  })

  for (const url of [
    '/just/a/path',
    './path',
    'ftp://me:hush-hush@host',
    'hush-hush:token',
    'file:',
    'file://host/path',
    'file:./a?b',
    'file:./%zz',
    'file:./%00',
  ])
    it(`refuses ${url}`, async () => {
      await assert.rejects(openStore(location(url), { cwd }), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.equal(error.code, 'store.bad_url')
        assert.match(error.message, /TGSESSION_STORE/)
        assert.match(error.hint, /file:\/path/)
        assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
        return true
      })
    })

  it('lets the SDK find endpoint, region and credentials in the environment', async () => {
    const server = await S3Server.start({ conditions: 'unquoted' })
    const script = `
      const { openStore } = await import(${JSON.stringify(path.resolve('src/store/open-store.ts'))})
      const store = await openStore({ url: 's3://bucket/p', source: 'TGSESSION_STORE' })
      const version = await store.put('key', Buffer.from('1'), 'absent').catch((error) => error.code)
      process.stdout.write(version)
      await store.close()`
    const run = async (env: Record<string, string>): Promise<string> => {
      const all = { PATH: process.env['PATH'] ?? '', HOME: cwd, AWS_EC2_METADATA_DISABLED: 'true', ...env }
      const node = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: all })
      return (await node).stdout
    }
    const endpoint = { AWS_ENDPOINT_URL_S3: server.endpoint.replace('127.0.0.1', 'localhost') }
    const keys = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'x' }
    assert.match(await run({ ...endpoint, ...keys }), /^[0-9a-f]{32}$/)
    assert.equal(server.peek('p/key')?.toString(), '1')
    const profile = `[profile mine]\nendpoint_url = ${endpoint.AWS_ENDPOINT_URL_S3}\nregion = eu-central-1\n`
    const credentials = '[mine]\naws_access_key_id = testkey\naws_secret_access_key = x\n'
    for (const [name, content] of Object.entries({ config: profile, credentials }))
      await writeFile(path.join(cwd, name), content)
    const found = {
      AWS_CONFIG_FILE: path.join(cwd, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: path.join(cwd, 'credentials'),
    }
    assert.equal(await run({ ...found, AWS_PROFILE: 'mine' }), 'store.conflict')
    assert.equal(await run({ ...found, AWS_PROFILE: 'other' }), 'store.no_region')
    assert.equal(await run(endpoint), 'store.no_credentials')
    assert.equal(await run(keys), 'store.no_region')
    await server.close()
  })
})
