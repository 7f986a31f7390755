import { ConfigurationError } from '../../base/errors.ts'

export interface FirebaseLocation {
  bucket: string
  /** Before every key: empty, or ending in a slash. */
  prefix: string
  /** How messages name it. */
  label: string
}

const EXAMPLE = 'firebase://my-project.firebasestorage.app/tgsession'

/**
 * `firebase://bucket/prefix`, or `gs://`. Throws `ConfigurationError` (`store.bad_url`), which never repeats what it
 * could not read: a URL that is wrong may hold a password in the wrong place.
 */
export function parseFirebaseUrl(text: string): FirebaseLocation {
  const url = URL.parse(text)
  if (url === null || !['firebase:', 'gs:'].includes(url.protocol))
    throw badUrl('is not a URL that starts with firebase:// or gs://')
  if (url.username !== '' || url.password !== '')
    throw badUrl('holds credentials, which would show up in logs')
  if (url.hostname === '' || url.port !== '') throw badUrl('does not name a bucket, or gives it a port')
  if (url.hash !== '') throw badUrl('holds a #')
  if (url.search !== '') throw badUrl('holds a ?, but takes no parameters')
  // https://cloud.google.com/storage/docs/buckets#naming
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(url.hostname))
    throw badUrl('names a bucket that cannot be one')
  const path = decode(url.pathname).replaceAll(/^\/+|\/+$/g, '')
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    label: `firebase://${url.hostname}${path === '' ? '' : `/${path}`}`,
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw badUrl('has a % in its path that is not followed by two hex digits')
  }
}

function badUrl(problem: string): ConfigurationError {
  return new ConfigurationError('store.bad_url', `the address of the Firebase store ${problem}`, {
    hint: `Write it like ${EXAMPLE}. Credentials belong in FIREBASE_SERVICE_ACCOUNT.`,
  })
}
