import type { Environment } from '../../config/settings.ts'
import { parseS3Url } from '../../store/s3-location.ts'
import { type Check, ok, skipped, warning } from './check.ts'

const CHECK = 'clock'
/** S3 refuses what is signed 15 minutes off. Dates in `status` and of logins are off before that. */
const TOLERATED_MS = 60_000

/** This machine's clock beside the one in the Date header of the store's service, asked without credentials. */
export async function clockCheck(url: string, env: Environment): Promise<Check> {
  const service = serviceOf(url, env)
  if (service === null) return skipped(CHECK, 'this kind of store does not tell its time')
  const asked = Date.now()
  let date: string | null
  try {
    const how = { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(5000) } as const
    date = (await fetch(service, how)).headers.get('date')
  } catch {
    return skipped(CHECK, `${new URL(service).host} did not tell its time`)
  }
  const theirs = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return skipped(CHECK, `${new URL(service).host} did not tell its time`)
  // The header has whole seconds; the answer was made somewhere between question and arrival.
  const offMs = (asked + Date.now()) / 2 - (theirs + 500)
  const seconds = Math.round(Math.abs(offMs) / 1000)
  if (Math.abs(offMs) <= TOLERATED_MS)
    return ok(CHECK, `within ${Math.max(1, seconds)} s of ${new URL(service).host}`)
  return warning(
    CHECK,
    `${seconds} s ${offMs > 0 ? 'ahead of' : 'behind'} ${new URL(service).host}`,
    'Set it (NTP). The lease does not depend on it, but S3 refuses requests that are 15 minutes off.',
  )
}

function serviceOf(url: string, env: Environment): string | null {
  switch (/^[a-z][a-z0-9]*(?=:)/i.exec(url)?.[0].toLowerCase() ?? '') {
    case 's3': {
      const { endpoint, region = env['AWS_REGION'] ?? 'us-east-1' } = parseS3Url(url)
      const configured = endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL']
      const service = configured ?? `https://s3.${region}.amazonaws.com`
      return URL.canParse(service) ? new URL('/', service).href : null
    }
    case 'firebase':
    case 'gs': {
      const emulated = env['STORAGE_EMULATOR_HOST'] ?? env['FIREBASE_STORAGE_EMULATOR_HOST']
      return emulated === undefined ? 'https://storage.googleapis.com/' : null
    }
    default:
      return null
  }
}
