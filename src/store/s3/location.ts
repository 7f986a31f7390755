import { ConfigurationError } from '../../base/errors.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
}

export interface S3Location {
  bucket: string
  /** Before every key: empty, or ending in a slash. */
  prefix: string
  endpoint: string | undefined
  region: string | undefined
  /** How messages name it. */
  label: string
}

const EXAMPLE = 's3://my-bucket/tgsession?region=eu-central-1'
const PARAMETERS = ['endpoint', 'region']

/**
 * `s3://bucket/prefix?endpoint=&region=`. Throws `ConfigurationError` (`store.bad_url`), which never repeats what it
 * could not read: a URL that is wrong may hold a password in the wrong place.
 */
export function parseS3Url(text: string): S3Location {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 's3:') throw badUrl('is not a URL that starts with s3://')
  if (url.username !== '' || url.password !== '')
    throw badUrl('holds credentials, which would show up in logs')
  if (url.hostname === '' || url.port !== '') throw badUrl('does not name a bucket, or gives it a port')
  if (url.hash !== '') throw badUrl('holds a #')
  for (const name of new Set(url.searchParams.keys())) {
    if (!PARAMETERS.includes(name))
      throw badUrl(`has the unknown parameter ${JSON.stringify(name.slice(0, 40))}`)
    if (url.searchParams.getAll(name).length > 1) throw badUrl(`has the parameter ${name} twice`)
  }
  const path = decode(url.pathname).replaceAll(/^\/+|\/+$/g, '')
  const endpoint = parseEndpoint(url.searchParams.get('endpoint') ?? undefined, url.hostname)
  const region = url.searchParams.get('region') ?? undefined
  if (region !== undefined && !/^[a-z0-9-]+$/i.test(region)) throw badUrl('names a region that cannot be one')
  const label = `s3://${url.hostname}${path === '' ? '' : `/${path}`}${endpoint === undefined ? '' : `?endpoint=${endpoint}`}`
  return { bucket: url.hostname, prefix: path === '' ? '' : `${path}/`, endpoint, region, label }
}

/**
 * The address of a service that is not AWS. As dashboards show it, the bucket stands in it already: then every object would
 * lie at another place than the one that the URL names, and be lost to whoever corrects it later.
 */
export function parseEndpoint(text: string | undefined, bucket: string): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw badUrl('names an endpoint that does not start with https:// or http://')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw badUrl('names an endpoint with credentials or parameters in it')
  const before = `${bucket.toLowerCase()}.`
  const behind = url.hostname.startsWith(before) ? url.hostname.slice(before.length) : ''
  if (/\..*\./.test(behind) || url.pathname.split('/').includes(bucket))
    throw badUrl('names its bucket a second time, in the endpoint; leave it out there')
  return url.href.replace(/\/+$/, '')
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw badUrl('has a % in its path that is not followed by two hex digits')
  }
}

function badUrl(problem: string): ConfigurationError {
  return new ConfigurationError('store.bad_url', `the address of the S3 store ${problem}`, {
    hint: `Write it like ${EXAMPLE}, with &endpoint=https://… for a service that is not AWS. Credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
  })
}
