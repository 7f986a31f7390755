/** What of the AWS SDK is used, so that the bundle leaves out the rest. Imported lazily: it is the largest part. */
export {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
