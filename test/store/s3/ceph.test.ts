import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { ForbiddenError, UnsupportedError } from '../../../src/base/errors.ts'
import { probeConditions } from '../../../src/store/probe.ts'
import { parseS3Url } from '../../../src/store/s3/location.ts'
import { S3Store, type S3StoreOptions } from '../../../src/store/s3/s3-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { type S3Endpoint, startS3 } from '../../support/ceph/ceph-server.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'
import { missing } from '../../support/requires.ts'

const skip = missing.s3()
let server: S3Endpoint
let bucket = ''

before(async () => {
  if (skip !== false) return
  server = await startS3()
  bucket = server.bucket ?? (await makeBucket())
})
after(async () => {
  if (skip === false) await server.stop()
})

storeContract(
  's3, a real server',
  async () => {
    const open = opener(`contract-${randomUUID()}`, 10)
    return {
      store: open(),
      another: async () => open(),
      close: async () => {
        const store = open()
        for await (const key of store.list('')) await store.delete(key)
        await store.close()
      },
    }
  },
  { skip, large: true },
)

troubleContract(
  's3, a real server',
  async () => {
    const open = (endpoint: string, options: S3StoreOptions = {}, name = bucket): S3Store =>
      new S3Store(
        parseS3Url(`s3://${name}/trouble-${randomUUID()}?endpoint=${encodeURIComponent(endpoint)}`),
        { credentials: server.credentials, ...options },
      )
    const secretAccessKey = 'wrong-secret-of-mine'
    return {
      missing: async () => open(server.endpoint, {}, `not-there-${randomUUID()}`),
      refused: {
        open: async () =>
          open(server.endpoint, { credentials: { accessKeyId: 'unknown-id', secretAccessKey } }),
        secrets: [secretAccessKey],
      },
      network: {
        url: server.endpoint,
        open: async (port, { retry, waitMs }) =>
          open(`http://127.0.0.1:${port}`, { retry, timeouts: { connectMs: waitMs, idleMs: waitMs } }),
      },
      close: async () => {},
    }
  },
  // A server that somebody else runs may want TLS, and the name that it signs by.
  { skip, network: !(process.env['AWS_ENDPOINT_URL_S3'] ?? '').startsWith('https:') },
)

describe('S3Store on a real server', { skip }, () => {
  it('passes the probe, which leaves nothing behind', async () => {
    const store = opener(`probe-${randomUUID()}`)()
    assert.deepEqual(await probeConditions(store, { suffix: randomUUID() }), { ok: true })
    for await (const key of store.list('')) assert.fail(key)
    await store.close()
  })

  it(
    'refuses a bucket with versioning, where Ceph takes no conditions',
    { skip: inOwnBucket(skip) },
    async () => {
      const versioned = await makeBucket()
      const client = admin()
      await client.send(
        new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration: { Status: 'Enabled' } }),
      )
      client.destroy()
      const store = opener('', undefined, versioned)()
      await assert.rejects(probeConditions(store, { suffix: randomUUID() }), (error) => {
        assert.ok(error instanceof UnsupportedError)
        return error.code === 'store.ignores_conditions' || error.code === 'store.refuses_conditions'
      })
      await store.close()
    },
  )

  it('says that the credentials are wrong, and shows none', async () => {
    const secretAccessKey = 'wrong-secret-of-mine'
    for (const accessKeyId of [server.credentials.accessKeyId, 'unknown-id']) {
      const store = new S3Store(location(''), { credentials: { accessKeyId, secretAccessKey } })
      await assert.rejects(store.get('key'), (error) => {
        assert.ok(error instanceof ForbiddenError)
        assert.doesNotMatch(`${error.stack} ${error.hint} ${String(error.cause)}`, /wrong-secret-of-mine/)
        return true
      })
      await store.close()
    }
  })
})

function location(prefix: string, name = bucket): ReturnType<typeof parseS3Url> {
  return parseS3Url(`s3://${name}/${prefix}?endpoint=${encodeURIComponent(server.endpoint)}`)
}

function opener(prefix: string, pageSize?: number, name = bucket): () => S3Store {
  return () => new S3Store(location(prefix, name), { credentials: server.credentials, pageSize })
}

/** Versioning is switched on only in a bucket of our own. */
function inOwnBucket(reason: string | false): string | false {
  if (reason !== false) return reason
  return process.env['TGSESSION_TEST_S3_BUCKET'] === undefined ? false : 'only in a bucket of our own'
}

function admin(): S3Client {
  const { endpoint, credentials } = server
  return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
}

async function makeBucket(): Promise<string> {
  const name = `tgsession-test-${randomUUID()}`
  const client = admin()
  await client.send(new CreateBucketCommand({ Bucket: name }))
  client.destroy()
  return name
}
