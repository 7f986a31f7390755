import {
  ConfigurationError,
  ForbiddenError,
  safeCause,
  TgsessionError,
  UnreachableError,
  UnsupportedError,
} from '../../base/errors.ts'
import { isPassingNetwork, networkError } from '../../base/network-errors.ts'

/**
 * What an answer of S3 means. Decided by HTTP status first: names and messages differ between services (a HEAD has
 * no body to name its error, Ceph calls everything UnknownError).
 */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** An answer that leaves open what happened, or says that it may go better later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TgsessionError) return false
  const status = statusOf(error)
  if (status === undefined) return isPassingNetwork(error)
  if (['RequestTimeTooSkewed', 'RequestTimeout', 'SlowDown'].includes(nameOf(error))) return true
  return status === 408 || status === 409 || status === 429 || (status >= 500 && status !== 501)
}

/** The SDK could not be loaded, or not be set up with what the environment and the profiles say. */
export function setupError(error: unknown, label: string): TgsessionError {
  if (error instanceof TgsessionError) return error
  return new ConfigurationError('store.bad_setup', `${label}: the AWS SDK could not be set up`, {
    hint: 'Check the AWS_… variables, the files in ~/.aws, and that @aws-sdk/client-s3 is installed.',
    cause: safeCause(error),
  })
}

/** The error of this project for one that S3, its SDK or the network gave; one of ours, or a bug, passes as it is. */
export function storeError(error: unknown, label: string): unknown {
  if (error instanceof TgsessionError || error instanceof TypeError || error instanceof ReferenceError)
    return error
  const cause = safeCause(error)
  const status = statusOf(error)
  const name = nameOf(error)
  if (name === 'NoSuchBucket')
    return new ConfigurationError('store.not_found', `${label}: there is no such bucket`, {
      hint: 'Create the bucket, or correct its name, region or endpoint in TGSESSION_STORE.',
      cause,
    })
  if (
    status === 301 ||
    status === 307 ||
    name === 'AuthorizationHeaderMalformed' ||
    name === 'IllegalLocationConstraintException'
  )
    return new ConfigurationError('store.wrong_region', `${label}: the bucket lies in another region`, {
      hint: 'Name the region of the bucket: s3://bucket/prefix?region=…',
      cause,
    })
  if (status === 401 || status === 403 || isExpired(name))
    return new ForbiddenError(
      'store.forbidden',
      `${label}: the service refuses these credentials (${status} ${name})`,
      {
        hint: refusalHint(name),
        cause,
      },
    )
  if (status === 501 || name === 'NotImplemented')
    return new UnsupportedError(
      'store.unsupported',
      `${label}: the service says that it cannot do this (${status ?? name})`,
      {
        hint: 'It has no conditional writes, without which two instances could overwrite each other. Use another store: AWS S3, R2, Tigris, Scaleway and Ceph have them.',
        cause,
      },
    )
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError')
    return new ConfigurationError('store.no_credentials', `${label}: no credentials were found`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
      cause,
    })
  const network = status === undefined ? networkError(error, label) : error
  if (network !== error) return network
  if (isPassing(error) || status === undefined)
    return new UnreachableError('store.unreachable', `${label}: no usable answer (${cause.message})`, {
      hint: 'Check the network, the endpoint and the status of the service. A write may have landed all the same.',
      cause,
    })
  return new UnsupportedError('store.unsupported', `${label}: the service answered ${status} ${name}`, {
    hint: 'Check that the endpoint is an S3 service, and the name of the bucket.',
    cause,
  })
}

/** S3 says so with 400. */
function isExpired(name: string): boolean {
  return ['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired'].includes(name)
}

function refusalHint(name: string): string {
  if (isExpired(name))
    return 'Temporary credentials have run out, or do not belong together: get new ones, with their AWS_SESSION_TOKEN.'
  if (name === 'RequestTimeTooSkewed')
    return 'The clock of this machine is more than 15 minutes wrong: set it (NTP).'
  return 'Check the access key and its rights: s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket. On AWS a missing s3:ListBucket also gives 403 for an object that is not there.'
}
