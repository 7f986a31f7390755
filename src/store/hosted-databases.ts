import { undressValue } from '../base/input.ts'
import { isSqlScheme, parseSqlUrl } from '../sql/location.ts'
import { schemeOf } from './scheme.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The variables by which hosts and add-ons hand out a database. */
const KNOWN =
  /^(?:DATABASE_URL|HEROKU_POSTGRESQL_[A-Z0-9_]+_URL|JAWSDB_(?:[A-Z0-9_]+_)?URL|CLEARDB_(?:DATABASE|[A-Z0-9_]+)_URL|POSTGRES_URL|POSTGRESQL_URL|MYSQL_URL|SUPABASE_DB_URL|NEON_DATABASE_URL|SCALINGO_(?:POSTGRESQL|MYSQL)_URL)$/

/**
 * The databases of the environment, each once: Heroku names its Postgres by a colour and by DATABASE_URL as well, which then
 * comes first.
 */
export function hostedDatabases(env: Environment): { name: string; url: string }[] {
  const found = Object.keys(env)
    .filter((name) => KNOWN.test(name))
    .toSorted((a, b) => Number(b === 'DATABASE_URL') - Number(a === 'DATABASE_URL') || (a < b ? -1 : 1))
    .map((name) => ({ name, url: undressValue(env[name] ?? '', name) }))
    .filter(({ url }) => isSqlScheme(schemeOf(url)))
  const places = found.map(({ url }) => placeOf(url))
  return found.filter((_, index) => places.indexOf(places[index] ?? '') === index)
}

/** Two spellings of one database are one: with another scheme, in capitals, with the usual port or a parameter more. */
function placeOf(url: string): string {
  try {
    return parseSqlUrl(url, process.cwd()).label
  } catch {
    return url
  }
}

/** Why DATABASE_URL is not taken for a store, if it is there and none. */
export function databaseLeftAlone(env: Environment): string | undefined {
  const scheme = schemeOf(undressValue(env['DATABASE_URL'] ?? '', 'DATABASE_URL'))
  const why = noStore(scheme)
  return why === undefined ? undefined : `DATABASE_URL is left alone: ${why}`
}

/** What is wrong with a database that looks as if it could be a store. */
export function noStore(scheme: string): string | undefined {
  if (/^mongodb(\+srv)?$/.test(scheme)) return 'it names a MongoDB, which keeps no sessions of tgsession'
  if (/^rediss?$/.test(scheme))
    return 'it names a Redis, which may lose the last seconds when it fails over: a lease that goes back lets two in'
  return undefined
}
