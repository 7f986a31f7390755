import {
  ConfigurationError,
  ForbiddenError,
  safeCause,
  UnreachableError,
  UnsupportedError,
} from '../../base/errors.ts'
import { isPassingHttp, StatusError } from '../http/errors.ts'
import { networkError } from '../../base/network-errors.ts'

/** What the JSON API says: `{ "error": { "message": …, "errors": [{ "reason": … }] } }`, for media also plain text. */
interface Said {
  message: string
  reason: string
}

/** The API's reasons for "slower, please", which it gives with 403 as well as with 429. */
const SLOWER = /^(rateLimitExceeded|userRateLimitExceeded|backendError|internalError)$/

/** Reasons and words for a project that must pay first. */
const UNPAID = /billing|accountDisabled|payment|upgrade|blaze|spark|free (plan|tier)|pricing plan/i

export function isPassingFirebase(error: unknown): boolean {
  return isPassingHttp(error) || (error instanceof StatusError && SLOWER.test(said(error).reason))
}

/** Is it the object that is missing? Any other 404 may be a missing bucket's, or of a service that is not the one. */
export function isNoSuchObject(error: unknown): boolean {
  return error instanceof StatusError && error.status === 404 && /^No such object/i.test(said(error).message)
}

/** The error of this project for an answer of Cloud Storage or of the network; one of ours, or a bug, passes. */
export function firebaseError(error: unknown, label: string, bucket: string): unknown {
  if (!(error instanceof StatusError)) return networkError(error, label)
  const { status } = error
  const { message, reason } = said(error)
  const cause = safeCause(error)
  if (status === 404)
    return new ConfigurationError('store.not_found', `${label}: there is no such bucket`, {
      hint: bucketHint(bucket),
      cause,
    })
  if (status === 402 || (status === 403 && UNPAID.test(`${reason} ${message}`)))
    return new ForbiddenError(
      'store.billing',
      `${label}: Firebase's free plan has no Cloud Storage (${status})`,
      {
        hint: 'Change the project to the Blaze plan (its free quota stays), look at its billing account, or use another store.',
        cause,
      },
    )
  if (isPassingFirebase(error))
    return new UnreachableError('store.unreachable', `${label}: no usable answer (${status})`, {
      hint: 'Check the status of Google Cloud. An object takes one write a second. A write may have landed all the same.',
      cause,
    })
  if (status === 401 || status === 403)
    return new ForbiddenError(
      'store.forbidden',
      `${label}: the service refuses these credentials (${status})`,
      {
        hint: 'Give the service account the role "Storage Object Admin" on this bucket. On the free plan, which has no Cloud Storage, the answer can be the same: change the project to the Blaze plan.',
        cause,
      },
    )
  return new UnsupportedError('store.unsupported', `${label}: the service answered ${status}`, {
    hint: 'Check the name of the bucket and, with an emulator, that it knows the JSON API of Cloud Storage.',
    cause,
  })
}

/** Buckets made before 2024-10-30 end in .appspot.com, later ones in .firebasestorage.app. */
function bucketHint(bucket: string): string {
  const [old, recent] = ['.appspot.com', '.firebasestorage.app']
  const other = bucket.endsWith(old)
    ? bucket.replace(old, recent)
    : bucket.endsWith(recent)
      ? bucket.replace(recent, old)
      : undefined
  return other === undefined
    ? `The name stands in the Firebase console under Storage, without gs://; it is often <project>${recent}, for older projects <project>${old}.`
    : `It may be called ${other}: the Firebase console shows the name under Storage.`
}

function said({ text }: StatusError): Said {
  try {
    const answer: unknown = JSON.parse(text)
    const error = member(answer, 'error')
    const errors = member(error, 'errors')
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined
    return { message: words(member(error, 'message')), reason: words(member(first, 'reason')) }
  } catch {
    return { message: text, reason: '' }
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
