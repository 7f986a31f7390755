import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { TgsessionError, UnreachableError, UnsupportedError } from '../../src/base/errors.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { probeConditions } from '../../src/store/probe.ts'
import { parseS3Url } from '../../src/store/s3/location.ts'
import { S3Store } from '../../src/store/s3/s3-store.ts'
import { S3Server, type S3ServerOptions } from '../support/store/s3-server.ts'

const retry = { attempts: 2, firstMs: 0, longestMs: 0, sleep: async () => {}, random: () => 0 }
const credentials = { accessKeyId: 'testkey', secretAccessKey: 'x' }

async function onServer(
  conditions: NonNullable<S3ServerOptions['conditions']>,
  use: (store: S3Store, server: S3Server) => Promise<void>,
): Promise<void> {
  const server = await S3Server.start({ conditions })
  const store = new S3Store(parseS3Url(server.url('p')), { credentials, retry })
  try {
    await use(store, server)
  } finally {
    await store.close()
    await server.close()
  }
}

describe('the probe of conditional writes', () => {
  it('passes a sound store, and leaves nothing behind', async () => {
    const store = new MemoryStore()
    assert.deepEqual(await probeConditions(store, { suffix: 'a1' }), { ok: true })
    for await (const key of store.list('')) assert.fail(key)
    for (const conditions of ['sound', 'unquoted'] as const)
      await onServer(conditions, async (s3, server) => {
        assert.deepEqual(await probeConditions(s3, { suffix: 'a1' }), { ok: true })
        assert.equal(server.peek('p/.probe/a1'), undefined)
      })
  })

  for (const [conditions, code] of [
    ['ignored', 'store.ignores_conditions'],
    ['refused', 'store.refuses_conditions'],
    ['all-refused', 'store.refuses_conditions'],
  ] as const)
    it(`refuses a service with conditions ${conditions}, and leaves nothing behind`, async () => {
      await onServer(conditions, async (store, server) => {
        await assert.rejects(probeConditions(store, { suffix: 'a1' }), (error) => {
          assert.ok(error instanceof UnsupportedError)
          assert.equal(error.code, code)
          assert.match(error.message, /^s3:\/\/bucket\/p/)
          return true
        })
        assert.equal(server.peek('p/.probe/a1'), undefined)
      })
    })

  it('refuses a web server that answers 200 to everything', async () => {
    for (const [headers, code] of [
      [{}, 'store.unsupported'],
      [{ etag: '"always-the-same"' }, 'store.ignores_conditions'],
    ] as const) {
      const server = createServer((request, response) => {
        request.resume().on('end', () => response.writeHead(200, headers).end())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      assert.ok(address !== null && typeof address === 'object')
      const store = new S3Store(parseS3Url(`s3://bucket?endpoint=http://127.0.0.1:${address.port}`), {
        credentials,
      })
      await assert.rejects(
        probeConditions(store, { suffix: 'a1' }),
        (error) => error instanceof UnsupportedError && error.code === code,
      )
      await store.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('is not misled by a write of its own whose first answer was lost', async () => {
    await onServer('sound', async (store, server) => {
      server.fault({ method: 'PUT', act: { cut: 'after' } })
      assert.deepEqual(await probeConditions(store, { suffix: 'a1' }), { ok: true })
    })
  })

  it('does not take "could not ask" for an answer', async () => {
    await onServer('sound', async (store, server) => {
      server.fault({ times: 20, act: { answer: 503 } })
      await assert.rejects(
        probeConditions(store, { suffix: 'a1' }),
        (error) => error instanceof UnreachableError,
      )
      server.clearFaults()
      server.fault({ times: 20, act: { answer: 403, code: 'AccessDenied' } })
      await assert.rejects(
        probeConditions(store, { suffix: 'a1' }),
        (error) => error instanceof TgsessionError && error.code === 'store.forbidden',
      )
    })
  })

  it('passes a store where nothing may be deleted, and names what it left there', async () => {
    await onServer('sound', async (store, server) => {
      server.fault({ method: 'DELETE', act: { answer: 403, code: 'AccessDenied' } })
      assert.deepEqual(await probeConditions(store, { suffix: 'a1' }), { ok: true, leftover: '.probe/a1' })
    })
  })
})
