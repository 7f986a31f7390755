import { ConfigurationError } from '../base/errors.ts'
import type { Settings } from '../config/settings.ts'
import { isLoopback } from '../store/http/client.ts'
import { lostPath } from '../store/durable-disk.ts'
import { parseS3Url } from '../store/s3/location.ts'
import { schemeOf } from '../store/scheme.ts'

const HINT =
  'Use a bucket or a database (docs/hosts), or put the folder on a mounted volume. If it is only to be tried out, add --yes.'

/** What is wrong with a store on a disk that this host empties at its next restart; undefined for any other store. */
export async function lostDisk({
  store,
  diskIsLost,
}: Settings): Promise<{ message: string; hint: string } | undefined> {
  const lost = store === null ? null : await lostPath(store.url, diskIsLost)
  if (lost === null) return undefined
  return { message: `${lost} lies on a disk that this host empties at every restart`, hint: HINT }
}

/** A session that is not encrypted goes over the network in the clear; undefined for any other store. */
export function inTheClear({ store, encryption }: Settings): { message: string; hint: string } | undefined {
  if (store === null || encryption === 'age' || schemeOf(store.url) !== 's3') return undefined
  const endpoint = URL.parse(parseS3Url(store.url).endpoint ?? '')
  if (endpoint?.protocol !== 'http:' || isLoopback(endpoint)) return undefined
  return {
    message: `the session is not encrypted, and goes to ${endpoint.host} over plain http`,
    hint: 'Set TGSESSION_KEY (`tgsession keygen`), or an endpoint with https://.',
  }
}

/** What `run` and `doctor` warn of before anything is stored. */
export async function storeWarnings(settings: Settings): Promise<{ message: string; hint: string }[]> {
  return [await lostDisk(settings), inTheClear(settings)].filter((found) => found !== undefined)
}

/**
 * Before a session is stored for good. `yes` answers beforehand.
 * @throws ConfigurationError store.lost_disk
 */
export async function refuseLostDisk(
  settings: Settings,
  { yes }: { yes?: boolean | undefined },
): Promise<void> {
  const found = yes === true ? undefined : await lostDisk(settings)
  if (found !== undefined)
    throw new ConfigurationError('store.lost_disk', found.message, { hint: found.hint })
}
