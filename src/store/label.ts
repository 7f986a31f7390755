import { TgsessionError } from '../base/errors.ts'
import { isSqlScheme, parseSqlUrl } from '../sql/location.ts'
import { parseFirebaseUrl } from './firebase/location.ts'
import { parseHttpsUrl } from './http/location.ts'
import { parseS3Url } from './s3/location.ts'
import { schemeOf } from './scheme.ts'

/**
 * A store's or container's address as messages may show it: what its parser found, without user, password and parameters.
 * Null for one that no parser takes, and for one whose parts may be others than they seem (a second @, or one behind a ?
 * or #: the end of a password that was not escaped).
 */
export function storeLabel(url: string): string | null {
  const scheme = schemeOf(url)
  if (scheme === 'file' || scheme === 'memory') return url
  if (scheme !== 'sqlite' && /@.*@|[?#].*@/s.test(url)) return null
  try {
    if (isSqlScheme(scheme)) return parseSqlUrl(url, process.cwd()).label
    if (scheme === 's3') return parseS3Url(url).label
    if (scheme === 'firebase' || scheme === 'gs') return parseFirebaseUrl(url).label
    return parseHttpsUrl(url).label
  } catch (error) {
    if (error instanceof TgsessionError) return null
    throw error
  }
}
