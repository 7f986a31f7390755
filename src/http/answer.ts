import type { ServerResponse } from 'node:http'
import {
  BadDataError,
  ConfigurationError,
  ConflictError,
  LeaseError,
  RefusedError,
  TgsessionError,
  UnreachableError,
  UsageError,
} from '../base/errors.ts'

export interface Answer {
  status: number
  type: string
  body: string
  headers?: Record<string, string> | undefined
}

export function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` }
}

export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

/** The message of one of our errors. Nothing of any other error is shown. */
export function failure(error: unknown): Answer {
  if (!(error instanceof TgsessionError)) return json(500, { error: UNEXPECTED })
  const { code, message, hint } = error
  return json(statusOf(error), { error: { code, message, hint } })
}

const UNEXPECTED = {
  code: 'http.unexpected',
  message: 'something unexpected went wrong',
  hint: 'The log of the process says what. Please report it.',
}

function statusOf(error: TgsessionError): number {
  if (error instanceof UsageError || error instanceof BadDataError) return 400
  if (error instanceof ConflictError || error instanceof LeaseError || error instanceof RefusedError)
    return 409
  if (error instanceof UnreachableError) return 503
  return error instanceof ConfigurationError ? 500 : 502
}

/** Nothing inline, nothing from elsewhere, no frame, no base, no form; https://www.w3.org/TR/CSP3/ */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS: Record<string, string> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex, nofollow',
}

/** Writes the answer with the headers that every answer has. `head`: without its body. */
export function reply(
  response: ServerResponse,
  { status, type, body, headers }: Answer,
  { head, behindTls }: { head: boolean; behindTls: boolean },
): void {
  response.writeHead(status, {
    ...HEADERS,
    ...(behindTls && { 'Strict-Transport-Security': 'max-age=31536000' }),
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(head ? undefined : body)
}
