import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ConfigurationError } from '../base/errors.ts'
import { errno } from '../base/file-errors.ts'

/**
 * How the connection is secured, in libpq's words (https://www.postgresql.org/docs/current/libpq-ssl.html):
 * - `disable`: not at all.
 * - `prefer`: encrypted if the server can; no certificate is checked.
 * - `require`: encrypted; no certificate is checked.
 * - `verify-ca`: encrypted, with a certificate from an authority that is trusted.
 * - `verify-full`: the same, and made out to this host.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface ServerLocation {
  kind: 'postgres' | 'mysql'
  /** A name, an address, or the folder (Postgres) or path (MySQL) of a Unix socket. */
  host: string
  port: number
  database: string
  user: string | undefined
  password: string | undefined
  tls: { mode: TlsMode; ca: string | undefined }
  /** Postgres only: what `options` of libpq says, like -c search_path=name. */
  options: string | undefined
  /** Postgres only: the password's proof is bound to the server's certificate where the server offers that. */
  channelBinding: boolean
  label: string
}

export interface SqliteLocation {
  kind: 'sqlite'
  path: string
  label: string
}

export type SqlLocation = ServerLocation | SqliteLocation

const PORTS = { postgres: 5432, mysql: 3306 }
const EXAMPLES =
  'postgres://user:password@host/database?sslmode=require, mysql://user:password@host/database, sqlite:./tgsession.db'
const REFUSED = ['sslcert', 'sslkey', 'sslcrl', 'ssl_cert', 'ssl_key', 'hostaddr', 'service', 'passfile']

/** Whether this is a scheme of a database, with or without SQLAlchemy's driver (`postgresql+psycopg2`). */
export function isSqlScheme(scheme: string): boolean {
  return kindOf(scheme) !== undefined
}

/**
 * `postgres://`, `postgresql://`, `mysql://`, `mariadb://`, `sqlite:`, also with SQLAlchemy's drivers
 * (`postgresql+psycopg2://`, `mysql+pymysql://`). `sqlite:path` is as it reads; `sqlite:///path` is relative and
 * `sqlite:////path` absolute, as SQLAlchemy has it.
 *
 * `?sslmode=` means what it means to libpq, and `ssl-mode=` what it means to MySQL's client. Without one: a server on
 * this host or behind a Unix socket is spoken to in the clear; Postgres elsewhere is `require`, which is what Heroku
 * documents for its DATABASE_URL (certificates there are self-signed); MySQL elsewhere is `prefer`, its client's default.
 * `sslrootcert=` names a file of trusted authorities, and makes `require` a `verify-ca`; `sslrootcert=system` stands for
 * those that Node trusts, and makes it `verify-full`: both as in libpq. Parameters that only tune other clients are passed
 * over.
 *
 * Throws `ConfigurationError` (`store.bad_url`), which never repeats the URL.
 */
export function parseSqlUrl(text: string, cwd: string): SqlLocation {
  const kind = kindOf(/^([^:]*):/.exec(text)?.[1] ?? '')
  if (kind === undefined) throw badUrl('does not start with the name of a database')
  if (kind === 'sqlite') return sqliteLocation(text, cwd)
  const url = URL.parse(text)
  if (url === null || !/^[^:]*:\/\//.test(text))
    throw badUrl('is not a URL; in a user or password, write @ : / ? # % as %40 %3A %2F %3F %23 %25')
  const refused = REFUSED.find((name) => url.searchParams.has(name))
  if (refused !== undefined) throw badUrl(`has the parameter ${refused}, which is not supported`)
  const given = (name: string): string | undefined => url.searchParams.get(name) || undefined
  const host =
    given('host') ?? given('unix_socket') ?? (hostOf(url) || (kind === 'mysql' ? '127.0.0.1' : 'localhost'))
  const port = Number(given('port') ?? (url.port || PORTS[kind]))
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badUrl('names a port that cannot be one')
  const database = given('dbname') ?? decode(url.pathname).replace(/^\//, '')
  if (database === '' || database.includes('/')) throw badUrl('does not end in the name of one database')
  return {
    kind,
    host,
    port,
    database,
    user: given('user') ?? (decode(url.username) || undefined),
    password: given('password') ?? (decode(url.password) || undefined),
    tls: tlsOf(kind, host, given),
    options: given('options'),
    channelBinding: given('channel_binding') === 'require',
    label: labelOf(kind, host, port, database),
  }
}

function kindOf(scheme: string): 'postgres' | 'mysql' | 'sqlite' | undefined {
  const name = scheme.toLowerCase().replace(/\+[a-z0-9_]+$/, '')
  if (name === 'postgres' || name === 'postgresql') return 'postgres'
  if (name === 'mysql' || name === 'mariadb') return 'mysql'
  return name === 'sqlite' ? 'sqlite' : undefined
}

/** A name in any case is one name; the path of a socket is not. */
function hostOf({ hostname }: URL): string {
  const host = decode(hostname).replace(/^\[(.*)\]$/, '$1')
  return host.startsWith('/') ? host : host.toLowerCase()
}

function labelOf(kind: 'postgres' | 'mysql', host: string, port: number, database: string): string {
  if (host.startsWith('/')) return `${kind}:///${database}?host=${host}`
  const name = host.includes(':') ? `[${host}]` : host
  return `${kind}://${name}${port === PORTS[kind] ? '' : `:${port}`}/${database}`
}

function tlsOf(
  kind: 'postgres' | 'mysql',
  host: string,
  given: (name: string) => string | undefined,
): { mode: TlsMode; ca: string | undefined } {
  const local = host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
  const wanted = given('sslmode') ?? given('ssl-mode') ?? given('ssl_mode') ?? given('ssl')
  const usual = local ? 'disable' : kind === 'postgres' ? 'require' : 'prefer'
  const mode = wanted === undefined ? usual : modeNamed(wanted)
  const file = given('sslrootcert') ?? given('ssl_ca') ?? given('ssl-ca')
  if (kind === 'postgres' && file === 'system') {
    if (wanted !== undefined && mode !== 'verify-full')
      throw badUrl('has sslrootcert=system, which goes with sslmode=verify-full only')
    return { mode: 'verify-full', ca: undefined }
  }
  if (file === undefined || mode === 'disable') return { mode, ca: undefined }
  return { mode: mode.startsWith('verify') ? mode : 'verify-ca', ca: authorities(file) }
}

function modeNamed(wanted: string): TlsMode {
  const strict = /"rejectUnauthorized"\s*:\s*(true|false)/.exec(wanted)?.[1]
  if (wanted.startsWith('{')) return strict === 'false' ? 'require' : 'verify-full'
  switch (wanted.toLowerCase().replaceAll('_', '-')) {
    case 'disable':
    case 'disabled':
    case 'false':
    case '0':
      return 'disable'
    case 'allow':
    case 'prefer':
    case 'preferred':
      return 'prefer'
    case 'require':
    case 'required':
    case 'no-verify':
      return 'require'
    case 'verify-ca':
      return 'verify-ca'
    case 'verify-full':
    case 'verify-identity':
    case 'true':
    case '1':
      return 'verify-full'
    default:
      throw badUrl('has an sslmode that is none of disable, prefer, require, verify-ca, verify-full')
  }
}

function authorities(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw badUrl(`names a file in sslrootcert that cannot be read (${errno(error) ?? 'unknown'})`)
  }
}

function sqliteLocation(text: string, cwd: string): SqliteLocation {
  const rest = text.slice(text.indexOf(':') + 1)
  const found = /^(?:\/\/\/)?(?!\/\/(?!\/))([^?#\0]+)$/.exec(rest)?.[1]
  const name = found === undefined ? '' : decode(found)
  if (name === '' || name.includes('\0') || name.endsWith('/') || name.startsWith(':memory:'))
    throw badUrl('is not the path of an SQLite file; a ?, # or % in the path is written %3F, %23 or %25')
  const absolute = path.resolve(cwd, name)
  return { kind: 'sqlite', path: absolute, label: `sqlite:${absolute}` }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl('has a % that is not followed by two hex digits (a % itself is written %25)')
  }
}

function badUrl(problem: string): ConfigurationError {
  return new ConfigurationError('store.bad_url', `the address of the SQL store ${problem}`, {
    hint: `Write it like one of: ${EXAMPLES}`,
  })
}
