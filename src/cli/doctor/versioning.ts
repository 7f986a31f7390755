import { safeCause } from '../../base/errors.ts'
import type { StoreLocation } from '../../store/locate.ts'
import { connectS3 } from '../../store/s3/client.ts'
import { parseS3Url } from '../../store/s3/location.ts'
import { type Check, ok, skipped, warning } from './check.ts'

const CHECK = 'bucket'

/** A versioned bucket keeps every state of the head: thousands a day. Needs s3:GetBucketVersioning, else it is skipped. */
export async function versioningCheck({ url, credentials, proxy }: StoreLocation): Promise<Check> {
  if (!/^s3:/i.test(url)) return skipped(CHECK, 'versioning is looked for on S3 only')
  const location = parseS3Url(url)
  try {
    const { sdk, client } = await connectS3(location, { credentials, proxy })
    try {
      const answer = await client.send(new sdk.GetBucketVersioningCommand({ Bucket: location.bucket }))
      if (answer.Status !== 'Enabled') return ok(CHECK, `${location.bucket} is not versioned`)
    } finally {
      client.destroy()
    }
  } catch (error) {
    return skipped(CHECK, `whether it is versioned could not be asked (${safeCause(error).message})`)
  }
  return warning(
    CHECK,
    `${location.bucket} is versioned: every renewal of the lease leaves an old head behind, which is billed`,
    'Switch versioning off for this bucket, or add a lifecycle rule that deletes noncurrent versions after a day.',
  )
}
