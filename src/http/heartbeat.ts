import { once } from 'node:events'
import { get, type RequestOptions } from 'node:https'
import type { Clock } from '../base/clock.ts'

/** The interval that monitoring services expect. */
const EVERY_MS = 60_000
const TIMEOUT_MS = 5_000

export interface HeartbeatOptions {
  /** An https: address. Secret: any request counts as a sign of life. */
  url: string
  /** Whether all is well: the command runs, and the auth key is neither dead nor frozen. */
  isWell: () => boolean
  clock: Clock
  /** Ends it. */
  signal: AbortSignal
  /** Of a watcher with a certificate of its own. */
  tls?: Pick<RequestOptions, 'ca'> | undefined
}

/** Asks the address once a minute while all is well. Failures are ignored. */
export async function beat({ url, isWell, clock, signal, tls = {} }: HeartbeatOptions): Promise<void> {
  while (!signal.aborted) {
    const asked = isWell()
    if (asked) await ask(url, tls, signal)
    await clock.sleep(asked ? EVERY_MS : 1_000, signal).catch(() => undefined)
  }
}

/** Redirects are not followed: their target would learn the address. */
async function ask(url: string, tls: RequestOptions, signal: AbortSignal): Promise<void> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const request = get(url, { ...tls, agent: false, signal: limit })
    const [response] = await once(request, 'response')
    response.destroy()
  } catch {
    // As if no request was made: the monitoring service notices that.
  }
}
