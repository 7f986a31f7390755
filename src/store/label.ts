import { ConfigurationError, TgsessionError } from '../base/errors.ts'
import { isSqlScheme, parseSqlUrl } from '../sql/location.ts'
import { noStore } from './hosted-databases.ts'
import { parseFirebaseUrl } from './firebase/location.ts'
import { parseHttpsUrl } from './http/location.ts'
import { filePath } from './file/path.ts'
import { parseS3Url } from './s3/location.ts'
import { schemeOf } from './scheme.ts'

const KINDS =
  's3://bucket/prefix, firebase://bucket/prefix, gs://bucket/prefix, postgres://user:password@host/database, ' +
  'mysql://user:password@host/database, sqlite:./tgsession.db, file:/path/to/folder, https://host/main.session.age'

/**
 * The label of the store that an address names: what its parser finds, without user, password and parameters. `source` is
 * the variable that holds it. Nothing is opened.
 * @throws ConfigurationError store.bad_url: no parser takes it. No message repeats it, as it may hold a password.
 */
export function checkStoreUrl(url: string, source: string): string {
  const scheme = schemeOf(url)
  switch (scheme) {
    case 'memory':
      return url
    case 'file':
      return `file:${filePath(url, source)}`
    case 's3':
      return parseS3Url(url).label
    case 'firebase':
    case 'gs':
      return parseFirebaseUrl(url).label
    case 'http':
    case 'https':
      return parseHttpsUrl(url).label
    default:
      if (isSqlScheme(scheme)) return parseSqlUrl(url, process.cwd()).label
      throw new ConfigurationError(
        'store.bad_url',
        scheme === ''
          ? `${source} does not start with the kind of the store`
          : `${source} is no store: ${noStore(scheme) ?? 'it names an unknown kind'}`,
        { hint: `Write it like one of: ${KINDS}` },
      )
  }
}

/**
 * The same for people who look at their settings. Null for an address that no parser takes, and for one whose parts may be
 * others than they seem (a second @, or one behind a ? or #: the end of a password that was not escaped).
 */
export function storeLabel(url: string): string | null {
  const scheme = schemeOf(url)
  if (!['sqlite', 'file'].includes(scheme) && /@.*@|[?#].*@/s.test(url)) return null
  try {
    return scheme === 'file' ? url : checkStoreUrl(url, '')
  } catch (error) {
    if (error instanceof TgsessionError) return null
    throw error
  }
}
