import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startS3 } from './ceph-server.ts'

export interface FreshBucket {
  /** For TGSESSION_STORE; nothing lies there yet. */
  url: string
  /** Credentials, as variables for whoever uses it. */
  keys: Record<string, string>
  stop: () => Promise<void>
}

/** A place of one's own on a real S3 server, see `startS3`. */
export async function freshBucket(): Promise<FreshBucket> {
  const server = await startS3()
  const { endpoint, credentials } = server
  let { bucket } = server
  if (bucket === undefined) {
    bucket = `fresh-${randomUUID()}`
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
  }
  return {
    url: `s3://${bucket}/${randomUUID()}?endpoint=${encodeURIComponent(endpoint)}`,
    keys: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
    stop: () => server.stop(),
  }
}
