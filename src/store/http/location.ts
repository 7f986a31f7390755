import { ConfigurationError } from '../../base/errors.ts'
import { isLoopback } from './client.ts'

export interface HttpsLocation {
  url: URL
  /** The name of the file, as messages call it. */
  key: string
  /** How messages name it: without its path and parameters, which may be what opens it. */
  label: string
}

/**
 * `https://host/path/main.session?…`; `http:` only to this machine. Throws `ConfigurationError` (`store.bad_url`), which
 * never repeats what it could not read.
 */
export function parseHttpsUrl(text: string): HttpsLocation {
  const url = URL.parse(text)
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    throw badUrl('is not a URL that starts with https://')
  if (url.username !== '' || url.password !== '')
    throw badUrl(
      'holds a user or a password, which would show up in logs',
      'Take them out, and set TGSESSION_HTTPS_AUTHORIZATION="Basic <base64 of user:password>".',
    )
  if (url.protocol === 'http:' && !isLoopback(url))
    throw badUrl('would bring the session over the network in the clear', 'Use https://.')
  url.hash = ''
  const key = decode(url.pathname.split('/').findLast((name) => name !== '') ?? '')
  if (key === '') throw badUrl('names a host, but no file on it')
  return { url, key, label: `${url.origin}/${url.pathname.split('/').length > 2 ? '…/' : ''}${key}` }
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw badUrl('has a % in its path that is not followed by two hex digits')
  }
}

function badUrl(
  problem: string,
  hint = 'Write it like https://example.org/private/main.session.age',
): ConfigurationError {
  return new ConfigurationError('store.bad_url', `the address of the session file ${problem}`, { hint })
}
