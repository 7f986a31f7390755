import type { Environment } from '../../config/settings.ts'
import { HttpClient } from '../../store/http/client.ts'
import type { StoreLocation } from '../../store/locate.ts'
import { parseS3Url } from '../../store/s3/location.ts'
import { schemeOf } from '../../store/scheme.ts'
import { type Check, ok, skipped, warning } from './check.ts'

const CHECK = 'clock'
/** S3 refuses what is signed 15 minutes off. Dates in `status` and of logins are off before that. */
const TOLERATED_MS = 60_000

/** This machine's clock beside the one in the Date header of the store's service, asked without credentials. */
export async function clockCheck({ url, proxy }: StoreLocation, env: Environment): Promise<Check> {
  const service = serviceOf(url, env)
  if (service === null) return skipped(CHECK, 'this kind of store does not tell its time')
  const asked = Date.now()
  const theirs = Date.parse((await dateOf(service, proxy)) ?? '')
  if (Number.isNaN(theirs)) return skipped(CHECK, `${service.host} did not tell its time`)
  // The header has whole seconds; the answer was made somewhere between question and arrival.
  const offMs = (asked + Date.now()) / 2 - (theirs + 500)
  const seconds = Math.round(Math.abs(offMs) / 1000)
  if (Math.abs(offMs) <= TOLERATED_MS) return ok(CHECK, `within ${Math.max(1, seconds)} s of ${service.host}`)
  return warning(
    CHECK,
    `${seconds} s ${offMs > 0 ? 'ahead of' : 'behind'} ${service.host}`,
    'Set it (NTP). The lease does not depend on it, but S3 refuses requests that are 15 minutes off.',
  )
}

async function dateOf(url: URL, proxy: StoreLocation['proxy']): Promise<string | undefined> {
  const http = new HttpClient(proxy, { connectMs: 5000, idleMs: 5000 })
  try {
    return await http.exchange({ method: 'HEAD', url, headers: {} }, async ({ headers }) => headers.date)
  } catch {
    return undefined
  } finally {
    await http.close()
  }
}

function serviceOf(url: string, env: Environment): URL | null {
  switch (schemeOf(url)) {
    case 's3': {
      const { endpoint, region = env['AWS_REGION'] ?? 'us-east-1' } = parseS3Url(url)
      const configured = endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL']
      return URL.parse('/', configured ?? `https://s3.${region}.amazonaws.com`)
    }
    case 'firebase':
    case 'gs': {
      const emulated = env['STORAGE_EMULATOR_HOST'] ?? env['FIREBASE_STORAGE_EMULATOR_HOST']
      return emulated === undefined ? new URL('https://storage.googleapis.com/') : null
    }
    default:
      return null
  }
}
