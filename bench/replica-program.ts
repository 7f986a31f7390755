/**
 * The AWS SDK's plain put and get, which bench/replica.ts measures beside ours and starts with the types stripped:
 *
 *     ROOT get BUCKET KEY FILE | put BUCKET KEY FILE
 *
 * ROOT is a checkout with the SDK installed. Prints `ready` when it is done.
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [root = '', mode, bucket = '', key = '', file = ''] = process.argv.slice(2)
const require = createRequire(path.join(root, 'package.json'))
type Sdk = typeof import('@aws-sdk/client-s3')
const sdk: Sdk = await import(pathToFileURL(require.resolve('@aws-sdk/client-s3')).href)

const client = new sdk.S3Client({
  region: 'us-east-1',
  endpoint: process.env['BENCH_ENDPOINT'] ?? '',
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
})
const at = { Bucket: bucket, Key: key }
if (mode === 'put') await client.send(new sdk.PutObjectCommand({ ...at, Body: readFileSync(file) }))
else if (mode === 'get') {
  const { Body } = await client.send(new sdk.GetObjectCommand(at))
  writeFileSync(file, (await Body?.transformToByteArray()) ?? '')
} else throw new Error(`no such program: ${mode}`)
writeSync(1, 'ready\n')
client.destroy()
