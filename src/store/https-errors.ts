import { ConfigurationError, safeCause, TgsessionError, UnreachableError } from '../errors.ts'
import { readStart } from './https-body.ts'
import type { HttpAnswer } from './https-client.ts'
import { type RetryPolicy, retrying } from './retry.ts'

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
  return isNetworkError(error) && !isTlsError(error)
}

/** What it means that no usable answer came; passes what is none of the network's. */
export function networkError(error: unknown, label: string): unknown {
  if (error instanceof TgsessionError || !(isNetworkError(error) || isTlsError(error))) return error
  const cause = safeCause(error)
  const code = codeOf(error)
  if (isTlsError(error))
    return new ConfigurationError('store.untrusted', `${label}: the connection cannot be trusted (${code})`, {
      hint: tlsHint(code),
      cause,
    })
  if (isProxyError(error))
    return new UnreachableError('store.unreachable', `${label}: the proxy does not let us through`, {
      hint: 'Check HTTPS_PROXY and HTTP_PROXY, and name hosts that need no proxy in NO_PROXY.',
      cause,
    })
  return new UnreachableError('store.unreachable', `${label}: no usable answer (${cause.message})`, {
    hint: 'Check the network, the address and the status of the service. A write may have landed all the same.',
    cause,
  })
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function isNetworkError(error: unknown): boolean {
  const code = codeOf(error)
  return (
    isProxyError(error) ||
    /^(E(?!RR_)[A-Z0-9_]+|HPE_\w+|Z_(BUF|DATA)_ERROR|ERR_STREAM_PREMATURE_CLOSE)$/.test(code) ||
    // Ours to answer for: a wrong argument, or a client that is closed already.
    (code.startsWith('UND_ERR_') && !/^UND_ERR_(INVALID_ARG|CLOSED|DESTROYED|NOT_SUPPORTED)$/.test(code))
  )
}

function isProxyError(error: unknown): boolean {
  return (
    error instanceof Error &&
    (codeOf(error).startsWith('UND_ERR_PRX') || /^Proxy (response|Authentication)/.test(error.message))
  )
}

/** Codes of OpenSSL (X509_V_ERR_…) and of Node for a certificate or a handshake that cannot be trusted. */
function isTlsError(error: unknown): boolean {
  return /^(EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$)/.test(
    codeOf(error),
  )
}

function tlsHint(code: string): string {
  if (/SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_/.test(code))
    return 'Its certificate is not signed by an authority known here: name that authority in NODE_EXTRA_CA_CERTS.'
  if (/CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code))
    return 'Its certificate has run out or is not valid yet: renew it, and check the clock of this machine.'
  if (/ALTNAME|HOSTNAME/.test(code)) return 'Its certificate is for another name: check the host in the URL.'
  return 'The other side does not speak TLS as expected: check the scheme and the port in the URL.'
}

/** Seconds, or a date, which is compared with the service's own clock. */
function askedPause(headers: HttpAnswer['headers']): number {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const ms = Date.parse(text) - Date.parse(headers.date ?? '')
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}
