import { ConfigurationError } from '../base/errors.ts'
import { undressValue } from '../base/input.ts'
import { type FirebaseAccess, readFirebaseAccess } from './firebase/access.ts'
import { type HttpsAccess, readHttpsAccess, readProxy } from './http/access.ts'
import type { S3Credentials } from './s3/location.ts'
import { hostedDatabases } from './hosted-databases.ts'
import { schemeOf } from './scheme.ts'

export interface StoreLocation extends HttpsAccess {
  /** May hold a password (`postgres://user:password@…`): only a store's `label` is for messages. */
  url: string
  credentials?: S3Credentials
  /** Without it, Google's application default credentials are looked for. */
  firebase?: FirebaseAccess
  /** The variable that named it. */
  source: string
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface AddOn extends StoreLocation {
  /** What its variables start with; the name by which TGSESSION_STORE can choose it. */
  name: string
}

/**
 * Which store the environment names: TGSESSION_STORE; else the one add-on that is there (a bucket of Bucketeer or Cloudcube,
 * or a database by the names that hosts give it); else null. TGSESSION_STORE is a URL, or the name of a variable that holds
 * one (`HEROKU_POSTGRESQL_GREEN_URL`: so that a rotated password reaches us), or the name of a bucket add-on (`BUCKETEER`).
 * @throws ConfigurationError store.several_found: an add-on that is attached later must never change which store is used;
 *   store.unknown_add_on, store.incomplete_add_on
 */
export function locateStore(env: Environment): StoreLocation | null {
  const wanted = given(env, 'TGSESSION_STORE')
  if (wanted !== undefined && !/^[A-Z][A-Z0-9_]*$/.test(wanted))
    return { url: wanted, source: 'TGSESSION_STORE', ...accessFor(wanted, env) }
  const buckets = [...bucketeers(env), ...cloudcubes(env)]
  if (wanted !== undefined) {
    const bucket = buckets.find(({ name }) => name === wanted)
    const held = given(env, wanted) ?? ''
    if (bucket === undefined && schemeOf(held) === '') throw unknownName(buckets, env)
    return bucket === undefined ? located(held, wanted, env) : located(bucket.url, bucket.source, env, bucket)
  }
  const found = foundStores(env)
  if (found.length > 1)
    throw new ConfigurationError('store.several_found', `several stores are there: ${namesOf(found)}`, {
      hint: `Choose one, for example: TGSESSION_STORE=${found[0]?.name}`,
    })
  const [only] = found
  return only === undefined ? null : located(only.url, only.source, env, only)
}

/** The add-ons that are there: TGSESSION_STORE may be the name of one. */
export function foundStores(env: Environment): AddOn[] {
  const databases = hostedDatabases(env).map(({ name, url }): AddOn => ({ name, url, source: name }))
  return [...bucketeers(env), ...cloudcubes(env), ...databases]
}

function located(
  url: string,
  source: string,
  env: Environment,
  { credentials }: Partial<AddOn> = {},
): StoreLocation {
  return { url, ...(credentials === undefined ? {} : { credentials }), source, ...accessFor(url, env) }
}

/** What it holds is not repeated: it may be a secret in the wrong variable. */
function unknownName(buckets: AddOn[], env: Environment): ConfigurationError {
  const names = namesOf([...buckets, ...hostedDatabases(env)])
  return new ConfigurationError(
    'store.unknown_add_on',
    'TGSESSION_STORE is neither a URL nor the name of a variable or an add-on that holds one',
    {
      hint: `Set it to a URL (s3://bucket/prefix, file:/path)${names === '' ? '' : `, or to one of: ${names}`}.`,
    },
  )
}

function namesOf(found: { name: string }[]): string {
  return found.map(({ name }) => name).join(', ')
}

/** What the kind of store that a URL names needs besides it. What else S3 needs, its SDK looks up itself. */
function accessFor(url: string, env: Environment): Pick<StoreLocation, 'firebase' | keyof HttpsAccess> {
  const read = (name: string): string | undefined => given(env, name)
  switch (schemeOf(url)) {
    case 'firebase':
    case 'gs':
      return { firebase: readFirebaseAccess(read), ...readProxy(read) }
    case 's3':
      return readProxy(read)
    case 'http':
    case 'https':
      return readHttpsAccess(read)
    default:
      return {}
  }
}

/** BUCKETEER_AWS_ACCESS_KEY_ID, _AWS_SECRET_ACCESS_KEY, _AWS_REGION, _BUCKET_NAME, or the same with an alias in front. */
function bucketeers(env: Environment): AddOn[] {
  return prefixes(env, /^(.+)_AWS_ACCESS_KEY_ID$/).flatMap((name) => {
    const bucket = given(env, `${name}_BUCKET_NAME`)
    if (bucket === undefined) return []
    const credentials = credentialsOf(env, `${name}_AWS_ACCESS_KEY_ID`, `${name}_AWS_SECRET_ACCESS_KEY`)
    const url = s3Url(bucket, '', given(env, `${name}_AWS_REGION`))
    return [{ name, url, credentials, source: `${name}_BUCKET_NAME` }]
  })
}

/** CLOUDCUBE_ACCESS_KEY_ID, _SECRET_ACCESS_KEY, _URL: https://<bucket>.s3.amazonaws.com/<cube>, the cube being a prefix. */
function cloudcubes(env: Environment): AddOn[] {
  return prefixes(env, /^(.+)_ACCESS_KEY_ID$/).flatMap((name) => {
    const url = URL.parse(given(env, `${name}_URL`) ?? '')
    const host = /^([a-z0-9.-]+?)\.s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com$/.exec(url?.hostname ?? '')
    if (url === null || host?.[1] === undefined) return []
    const credentials = credentialsOf(env, `${name}_ACCESS_KEY_ID`, `${name}_SECRET_ACCESS_KEY`)
    return [{ name, url: s3Url(host[1], url.pathname, host[2]), credentials, source: `${name}_URL` }]
  })
}

/** Without a region us-east-1 is asked, which answers with the bucket's region. */
function s3Url(bucket: string, path: string, region = 'us-east-1'): string {
  return `s3://${encodeURIComponent(bucket)}${path}?region=${encodeURIComponent(region)}`
}

function credentialsOf(env: Environment, idName: string, secretName: string): S3Credentials {
  const secretAccessKey = given(env, secretName)
  if (secretAccessKey === undefined)
    throw new ConfigurationError('store.incomplete_add_on', `${idName} is set, but ${secretName} is not`, {
      hint: 'Attach the add-on again, or name another store in TGSESSION_STORE.',
    })
  return { accessKeyId: given(env, idName) ?? '', secretAccessKey }
}

function prefixes(env: Environment, pattern: RegExp): string[] {
  return Object.keys(env)
    .filter((name) => given(env, name) !== undefined)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .toSorted()
}

/** Set to something: an empty variable is as good as none. */
function given(env: Environment, name: string): string | undefined {
  const value = undressValue(env[name] ?? '', name)
  return value === '' ? undefined : value
}
