import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { parseS3Url } from '../../../src/store/s3/location.ts'

describe('the URL of an S3 store', () => {
  it('names bucket, prefix, region and endpoint', () => {
    const expected = {
      bucket: 'my.bucket',
      prefix: 'a/b ü/',
      region: 'eu-central-1',
      endpoint: 'https://s3.example.org:8443/base',
      label: 's3://my.bucket/a/b ü?endpoint=https://s3.example.org:8443/base',
    }
    const query = 'region=eu-central-1&endpoint=https://s3.example.org:8443/base/'
    for (const path of ['/a/b%20%C3%BC', '/a/b%20ü/', '//a/b ü//'])
      assert.deepEqual(parseS3Url(`s3://my.bucket${path}?${query}`), expected)
  })

  it('needs the bucket only', () => {
    for (const url of ['s3://bucket', 's3://bucket/', 'S3://bucket'])
      assert.deepEqual(parseS3Url(url), {
        bucket: 'bucket',
        prefix: '',
        region: undefined,
        endpoint: undefined,
        label: 's3://bucket',
      })
  })

  for (const [url, problem] of [
    ['s3://AKIA:hush-hush@bucket/p', /credentials/],
    ['s3://hush-hush@bucket/p', /credentials/],
    ['s3:///prefix', /bucket/],
    ['s3:', /bucket/],
    ['s3:bucket/prefix', /bucket/],
    ['s3://bucket:9000/p', /port/],
    ['s3://bucket?secret=hush-hush', /unknown parameter "secret"/],
    ['s3://bucket?region=a&region=b', /twice/],
    ['s3://bucket?region=', /region/],
    ['s3://bucket?region=a.example.org/', /region/],
    ['s3://bucket?endpoint=localhost:9000', /endpoint/],
    ['s3://bucket?endpoint=', /endpoint/],
    ['s3://bucket/p?endpoint=https://account.r2.cloudflarestorage.com/bucket', /a second time/],
    ['s3://bucket/p?endpoint=https://bucket.nyc3.digitaloceanspaces.com', /a second time/],
    ['s3://Bucket/p?endpoint=https://BUCKET.nyc3.digitaloceanspaces.com', /a second time/],
    ['s3://bucket?endpoint=https://me:hush-hush@host', /credentials/],
    ['s3://bucket?endpoint=https://host/%3Ftoken=hush-hush', /parameters/],
    ['s3://bucket/#x', /#/],
    ['s3://bucket/%zz', /%/],
    ['https://bucket/p', /s3:\/\//],
    ['s3://bu cket', /s3:\/\//],
  ] as const)
    it(`refuses ${url}, says why, and repeats no secret`, () => {
      assert.throws(
        () => parseS3Url(url),
        (error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.equal(error.code, 'store.bad_url')
          assert.match(error.message, problem)
          assert.match(error.hint, /s3:\/\/my-bucket/)
          assert.doesNotMatch(`${error.stack} ${error.hint}`, /hush-hush/)
          return true
        },
      )
    })
})
