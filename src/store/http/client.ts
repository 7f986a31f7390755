import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ProxySettings } from './access.ts'

export interface HttpTimeouts {
  connectMs: number
  /** Without a byte in either direction. */
  idleMs: number
}

export const DEFAULT_HTTP_TIMEOUTS: HttpTimeouts = { connectMs: 5000, idleMs: 15_000 }

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  url: URL
  headers: Record<string, string>
  body?: AsyncIterable<Uint8Array> | undefined
  signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: AsyncIterable<Uint8Array>
}

interface Opened {
  request: typeof import('undici').request
  direct: Dispatcher
  proxied: Dispatcher
}

const CHUNK = 256 * 1024

/**
 * One HTTP/1.1 request at a time to its end, on undici, which is loaded at the first one. Follows no redirect and tries
 * nothing again; answers of any status are answers. Loopback is never asked through a proxy.
 */
export class HttpClient {
  readonly #proxy: ProxySettings
  readonly #timeouts: HttpTimeouts
  #opened: Promise<Opened> | undefined

  constructor(proxy: ProxySettings = {}, timeouts: HttpTimeouts = DEFAULT_HTTP_TIMEOUTS) {
    this.#proxy = proxy
    this.#timeouts = timeouts
  }

  /**
   * Sends, and hands the answer to `read`, after which what is left of its body is dropped. Throws what undici or `read`
   * throws, the signal's reason, or an error with the code ETIMEDOUT when nothing has moved for `idleMs`.
   */
  async exchange<T>(request: HttpRequest, read: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    request.signal?.throwIfAborted()
    const opened = await (this.#opened ??= this.#open())
    const { url, method, headers, signal } = request
    // Ours and not undici's time-outs: theirs do not cover a proxy that never answers.
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(timedOut()), this.#timeouts.idleMs)
    const aborted = (): void => stop.abort(signal?.reason)
    signal?.addEventListener('abort', aborted, { once: true })
    const moved = (): unknown => timer.refresh()
    try {
      const answer = await opened.request(url, {
        dispatcher: isLoopback(url) ? opened.direct : opened.proxied,
        method,
        headers,
        body:
          request.body === undefined
            ? null
            : Readable.from(watched(request.body, moved), { objectMode: false }),
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      moved()
      // A body that is dropped before its end emits an error, which no caller awaits.
      answer.body.on('error', () => {})
      try {
        return await read({
          status: answer.statusCode,
          headers: answer.headers,
          body: watched(answer.body as AsyncIterable<Uint8Array>, moved),
        })
      } finally {
        answer.body.destroy()
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opened
    this.#opened = undefined
    await Promise.all([opened?.direct.destroy(), opened?.proxied.destroy()])
  }

  async #open(): Promise<Opened> {
    const { Agent, EnvHttpProxyAgent, request } = await import('undici')
    const { connectMs } = this.#timeouts
    const common = { connect: { timeout: connectMs }, connectTimeout: connectMs, allowH2: false }
    const direct = new Agent(common)
    const { http, https, no } = this.#proxy
    if (http === undefined && https === undefined) return { request, direct, proxied: direct }
    // Empty, not undefined: for what is undefined it would look into the environment itself.
    const named = { httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: no ?? '' }
    return { request, direct, proxied: new EnvHttpProxyAgent({ ...common, ...named }) }
  }
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** The parts in pieces small enough to tell how far it is. */
export async function* inChunks(
  parts: readonly Uint8Array[],
  onSent?: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let sent = 0
  for (const part of parts)
    for (let at = 0; at < part.length; at += CHUNK) {
      const chunk = part.subarray(at, at + CHUNK)
      yield chunk
      sent += chunk.length
      onSent?.(sent)
    }
}

async function* watched(parts: AsyncIterable<Uint8Array>, moved: () => unknown): AsyncIterable<Uint8Array> {
  for await (const part of parts) {
    moved()
    yield part
  }
}

function timedOut(): Error {
  return Object.assign(new Error('nothing moved'), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}
