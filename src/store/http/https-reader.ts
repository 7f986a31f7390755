import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import {
  BadDataError,
  ForbiddenError,
  safeCause,
  UnreachableError,
  UnsupportedError,
} from '../../base/errors.ts'
import type { HttpsAccess } from './access.ts'
import { lengthOf } from './body.ts'
import { type HttpAnswer, HttpClient, type HttpTimeouts, isLoopback } from './client.ts'
import { retryingHttp, StatusError, statusError } from './errors.ts'
import type { HttpsLocation } from './location.ts'
import { networkError } from '../../base/network-errors.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../../base/retry.ts'
import { badKey } from '../shared/errors.ts'
import type { GetOptions, ObjectReader, StoredObject } from '../store.ts'
import { toVersion } from '../shared/version.ts'
import { readWholeBody } from '../shared/whole-body.ts'

export interface HttpsReaderOptions extends HttpsAccess {
  timeouts?: HttpTimeouts | undefined
  retry?: RetryPolicy | undefined
}

const MOST_REDIRECTS = 5
const REDIRECTS = [301, 302, 303, 307, 308]
const LOGIN = /(^|[./_-])(log-?in|sign-?in|sso|oauth2?|authorize|saml|accounts|auth)([./_-]|$)/i

/**
 * The one file behind an HTTPS address. A version is the ETag, else a hash of the content. Besides the errors of
 * store.ts: ForbiddenError `store.login_page`, BadDataError `store.web_page`, ConfigurationError `store.untrusted`,
 * UnsupportedError `store.bad_redirect`.
 */
export class HttpsReader implements ObjectReader {
  readonly label: string
  /** The only key that there is. */
  readonly key: string
  readonly #location: HttpsLocation
  readonly #options: HttpsReaderOptions
  readonly #http: HttpClient

  constructor(location: HttpsLocation, options: HttpsReaderOptions = {}) {
    this.label = location.label
    this.key = location.key
    this.#location = location
    this.#options = options
    this.#http = new HttpClient(options.proxy, options.timeouts)
  }

  /** A 404 or 410 is "not there". */
  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    if (key !== this.key) throw badKey(key, 'is not the one file that this address names')
    const policy = this.#options.retry ?? DEFAULT_RETRY
    try {
      return await retryingHttp(async () => this.#follow(options), policy, options.signal)
    } catch (error) {
      options.signal?.throwIfAborted()
      throw this.#error(error)
    }
  }

  async close(): Promise<void> {
    await this.#http.close()
  }

  async #follow(options: GetOptions): Promise<StoredObject | null> {
    let { url } = this.#location
    let authorization = this.#options.authorization
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const headers = {
        accept: '*/*',
        'accept-encoding': 'gzip',
        'cache-control': 'no-cache',
        ...(authorization === undefined ? {} : { authorization }),
      }
      const request = { method: 'GET', url, headers, signal: options.signal } as const
      const found = await this.#http.exchange(request, async (answer) =>
        REDIRECTS.includes(answer.status) ? this.#target(url, answer) : this.#read(answer, options),
      )
      if (!(found instanceof URL)) return found
      // What opens one place is nobody else's business, not even on a way back.
      if (found.origin !== url.origin) authorization = undefined
      url = found
    }
    throw this.#badRedirect(`sends us on more than ${MOST_REDIRECTS} times`)
  }

  #target(from: URL, answer: HttpAnswer): URL {
    const to = URL.parse(answer.headers.location ?? '', from.href)
    if (to === null) throw this.#badRedirect('sends us on, and does not say where to')
    if (LOGIN.test(to.hostname) || LOGIN.test(to.pathname))
      throw new ForbiddenError('store.login_page', `${this.label}: sends us to a login page`, {
        hint: 'The file is not public. Use an address that needs no login (a signed one), or set TGSESSION_HTTPS_AUTHORIZATION.',
      })
    if (to.protocol !== 'https:' && !(to.protocol === 'http:' && isLoopback(to) && isLoopback(from)))
      throw this.#badRedirect('sends us on to an address that is not https://')
    return to
  }

  async #read(answer: HttpAnswer, options: GetOptions): Promise<StoredObject | null> {
    const { status, headers } = answer
    if (status === 404 || status === 410) return null
    if (status !== 200) throw await statusError(answer)
    if (/^(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '')) throw this.#webPage()
    const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
    const plain = encoding === 'identity' || encoding === ''
    if (!plain && encoding !== 'gzip' && encoding !== 'x-gzip')
      throw new UnsupportedError('store.unsupported', `${this.label}: comes packed in a way not asked for`, {
        hint: 'Let the server send the file as it is, or with Content-Encoding: gzip.',
      })
    const body = plain ? answer.body : unpacked(answer.body)
    const bytes = await readWholeBody(body, plain ? lengthOf(headers) : undefined, this, options)
    if (/^\s*<(!doctype html|html)/i.test(Buffer.from(bytes.subarray(0, 100)).toString()))
      throw this.#webPage()
    const etag = headers.etag?.replace(/^W\//, '').replaceAll('"', '') ?? ''
    const version = etag === '' ? `sha256-${createHash('sha256').update(bytes).digest('hex')}` : etag
    return { bytes, version: toVersion(version) }
  }

  #error(error: unknown): unknown {
    if (!(error instanceof StatusError)) return networkError(error, this.label)
    const { status } = error
    const cause = safeCause(error)
    if (status === 401 || status === 403)
      return new ForbiddenError('store.forbidden', `${this.label}: the server refuses it (${status})`, {
        hint:
          this.#options.authorization === undefined
            ? 'Set TGSESSION_HTTPS_AUTHORIZATION, or make a new signed address if the old one has run out.'
            : 'Check TGSESSION_HTTPS_AUTHORIZATION; it is sent to the host in the URL only, not to where that redirects.',
        cause,
      })
    if (status === 408 || status === 425 || status === 429 || status >= 500)
      return new UnreachableError('store.unreachable', `${this.label}: no usable answer (${status})`, {
        hint: `Check the status of the server.${error.retryAfterMs === 0 ? '' : ` It asks to come back in ${Math.ceil(error.retryAfterMs / 1000)} s.`}`,
        cause,
      })
    return new UnsupportedError('store.unsupported', `${this.label}: the server answered ${status}`, {
      hint: 'Check the address: it must give the file itself to a plain GET.',
      cause,
    })
  }

  #webPage(): BadDataError {
    return new BadDataError('store.web_page', `${this.label}: is a web page, not a session file`, {
      hint: 'Use the address of the file itself ("raw", "download"); a share or login page is not it.',
    })
  }

  #badRedirect(problem: string): UnsupportedError {
    return new UnsupportedError('store.bad_redirect', `${this.label}: the server ${problem}`, {
      hint: 'Use the address at which the file really lies.',
    })
  }
}

/** Unpacks while it arrives; what is not read on is dropped on both sides. */
async function* unpacked(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const source = Readable.from(body, { objectMode: false })
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Uint8Array>
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}
