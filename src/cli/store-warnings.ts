import { ConfigurationError } from '../base/errors.ts'
import { lostDisk } from '../config/lost-disk.ts'
import type { Settings } from '../config/settings.ts'
import { isLoopback } from '../store/http/client.ts'
import { parseS3Url } from '../store/s3/location.ts'
import { schemeOf } from '../store/scheme.ts'

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

/** A session in a variable can be read by everyone who may see the settings of this host. */
export function leftToImport({ importing }: Settings): { message: string; hint: string } | undefined {
  return importing === undefined ? undefined : LEFT
}

const LEFT = {
  message: 'TGSESSION_IMPORT is set: the session lies there readable',
  hint: 'Remove it, and the variable that it names, as soon as `tgsession status` shows the session.',
}

/** What `run` and `doctor` warn of before anything is stored. */
export async function storeWarnings(settings: Settings): Promise<{ message: string; hint: string }[]> {
  return [await lostDisk(settings), inTheClear(settings), leftToImport(settings)].filter(
    (found) => found !== undefined,
  )
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
