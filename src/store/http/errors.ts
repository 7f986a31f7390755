import { TgsessionError } from '../../base/errors.ts'
import { readStart } from './body.ts'
import type { HttpAnswer } from './client.ts'
import { isPassingNetwork } from '../../base/network-errors.ts'
import { type RetryPolicy, retrying } from '../../base/retry.ts'

/** An answer that is none of those hoped for. Stays inside: its text may hold anything. */
export class StatusError extends Error {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
  /** How long the service asks us to wait. */
  readonly retryAfterMs: number

  constructor(status: number, text: string, retryAfterMs: number) {
    super(`HTTP ${status}`)
    this.name = 'StatusError'
    this.status = status
    this.text = text
    this.retryAfterMs = retryAfterMs
  }
}

/** The longest wait that a service may ask for; who wants more gets no second try. */
export const LONGEST_RETRY_AFTER_MS = 30_000

export async function statusError(answer: HttpAnswer): Promise<StatusError> {
  return new StatusError(answer.status, await readStart(answer), askedPause(answer.headers))
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof StatusError ? error.status : undefined
}

/** Tries again what may go better later, after the pause that the service asks for or a longer one of ours. */
export async function retryingHttp<T>(
  work: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  isPassing: (error: unknown) => boolean = isPassingHttp,
): Promise<T> {
  let asked = 0
  const sleep: RetryPolicy['sleep'] = async (ms) => policy.sleep(Math.max(ms, asked), signal)
  const goesOn = (error: unknown): boolean => {
    asked = error instanceof StatusError ? error.retryAfterMs : 0
    return asked <= LONGEST_RETRY_AFTER_MS && isPassing(error)
  }
  return retrying(work, goesOn, { ...policy, sleep }, signal)
}

/** An answer that leaves open what happened, or says that it may go better later; or none. */
export function isPassingHttp(error: unknown): boolean {
  if (error instanceof TgsessionError) return false
  const status = statusOf(error)
  if (status !== undefined)
    return [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)
  return isPassingNetwork(error)
}

/** Seconds, or a date, which is compared with the service's own clock. */
function askedPause(headers: HttpAnswer['headers']): number {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const ms = Date.parse(text) - Date.parse(headers.date ?? '')
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}
