import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback, type ListenAddress } from './address.ts'

/** A refusal: the status, and one sentence that repeats nothing of the request. */
export interface Refusal {
  status: number
  message: string
  headers?: Record<string, string>
}

export interface Surroundings {
  address: ListenAddress
  /** A router in front speaks HTTPS with the browser and names it in X-Forwarded-Proto. */
  behindTls: boolean
}

const HOST = /^[\w.-]{1,253}(?::\d{1,5})?$|^\[[\da-fA-F:]{2,39}\](?::\d{1,5})?$/

/**
 * Whether a browser may have sent this from a page of somebody else's, by another name (DNS rebinding), in a frame, or
 * in clear over the network. `document` is the shell itself, to which a link may lead from anywhere. Null if not.
 */
export function refuseForeign(
  headers: IncomingHttpHeaders,
  { address, behindTls }: Surroundings,
  { document }: { document: boolean },
): Refusal | null {
  const { host = '' } = headers
  if (!HOST.test(host) || (isLoopback(address.host) && !namesLoopback(host, address.port)))
    return { status: 421, message: 'This server is not known by that name.' }
  if (behindTls && !cameByTls(headers)) return document ? toHttps(host) : IN_CLEAR
  if (isForeignFetch(headers, document)) return FOREIGN
  return isForeignOrigin(headers, behindTls) ? FOREIGN : null
}

const FOREIGN: Refusal = { status: 403, message: 'This was asked by another page than its own.' }
const IN_CLEAR: Refusal = { status: 403, message: 'Use https://.' }

function namesLoopback(host: string, port: number): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${port}`)
}

/** A router that is asked through another one may name both. */
function cameByTls(headers: IncomingHttpHeaders): boolean {
  const named = String(headers['x-forwarded-proto'] ?? '').split(',')
  return named.every((proto) => proto.trim().toLowerCase() === 'https')
}

/** To the same host only: no open redirect. */
function toHttps(host: string): Refusal {
  return { ...IN_CLEAR, status: 308, headers: { Location: `https://${host}/` } }
}

/** https://www.w3.org/TR/fetch-metadata/; old browsers and programs send none of these. */
function isForeignFetch(headers: IncomingHttpHeaders, document: boolean): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return false
  const navigates = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return !(document && navigates)
}

function isForeignOrigin(
  { origin, host, 'x-forwarded-host': forwarded }: IncomingHttpHeaders,
  tls: boolean,
): boolean {
  if (origin === undefined) return false
  const schemes = tls ? ['https'] : ['http', 'https']
  // Only a router, or a program that is no browser, can name a forwarded host: a page would have to ask first.
  const hosts = [host, String(forwarded ?? '')].filter((name) => name !== undefined && HOST.test(name))
  return !schemes.some((scheme) => hosts.some((name) => origin === `${scheme}://${name}`))
}
