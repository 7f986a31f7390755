import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { providerOf } from '../../src/store/providers.ts'

const endpoint = (host: string): string => `s3://bucket/x?endpoint=https://${host}`

describe('whose service an address names', () => {
  const NAMES: Record<string, string | undefined> = {
    's3://bucket/x?region=eu-central-1': 'AWS S3',
    [endpoint('s3.eu-central-1.amazonaws.com')]: 'AWS S3',
    [endpoint('abc123.r2.cloudflarestorage.com')]: 'Cloudflare R2',
    [endpoint('abc123.eu.r2.cloudflarestorage.com')]: 'Cloudflare R2',
    [endpoint('fly.storage.tigris.dev')]: 'Tigris',
    [endpoint('s3.nl-ams.scw.cloud')]: 'Scaleway',
    [endpoint('fra1.digitaloceanspaces.com')]: 'DigitalOcean Spaces',
    [endpoint('s3.us-west-004.backblazeb2.com')]: 'Backblaze B2',
    [endpoint('project.supabase.co/storage/v1/s3')]: 'Supabase Storage',
    [endpoint('s3.wasabisys.com')]: 'Wasabi',
    [endpoint('s3.ru-1.storage.selcloud.ru')]: 'Selectel',
    [endpoint('minio.example.com')]: undefined,
    [endpoint('r2.cloudflarestorage.com.example.com')]: undefined,
    'gs://bucket': 'Google Cloud Storage, Firebase',
    'firebase://bucket': 'Google Cloud Storage, Firebase',
    'postgres://user:password@ep-cool-name.eu-central-1.aws.neon.tech/db': 'Neon',
    'postgresql://user:password@aws-0-eu-central-1.pooler.supabase.com:6543/postgres': 'Supabase',
    'postgres://user:password@ec2-1-2-3-4.compute-1.amazonaws.com:5432/db': 'Heroku Postgres',
    'postgres://user:password@localhost/db': undefined,
    'file:/data': 'a folder, SQLite',
    'https://example.com/x': undefined,
    nonsense: undefined,
  }
  for (const [url, name] of Object.entries(NAMES))
    it(`${url} is ${name ?? 'that of nobody known'}`, () => assert.equal(providerOf(url)?.name, name))

  it('heeds the endpoint of the environment', () => {
    assert.equal(
      providerOf('s3://bucket', { AWS_ENDPOINT_URL_S3: 'https://fly.storage.tigris.dev' })?.name,
      'Tigris',
    )
    assert.equal(providerOf('s3://bucket', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9000' }), undefined)
  })
})
