import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { ConfigurationError, safeCause, TgsessionError } from '../base/errors.ts'
import { type ListenAddress, origin } from './address.ts'
import { failure, json, reply, text } from './answer.ts'
import type { Answer } from './answer.ts'
import { readJson } from './body.ts'
import { refuseForeign } from './guard.ts'
import { TokenGate } from './token.ts'

/** What a route is asked: never an address, a cookie or a query. */
export interface Question {
  /** Of a POST: the JSON value that was sent; null for GET. */
  body: unknown
  /** One header of the request, by its lower-case name. */
  header: (name: string) => string | undefined
}

export interface Route {
  /**
   * - `probe`: open to everything, also in clear and by any name; answers nothing that is worth knowing
   * - `shell`: open, but only to the page's own origin; `document` also to links from elsewhere
   * - `token`: with the token only
   */
  access: 'probe' | 'document' | 'shell' | 'token'
  method: 'GET' | 'POST'
  answer(question: Question): Answer | Promise<Answer>
}

export interface HttpServerOptions {
  address: ListenAddress
  /** Without one, routes that want a token refuse everybody. */
  token?: string | undefined
  /** The host's router speaks HTTPS with the browser. */
  behindTls: boolean
  /** Exact paths. */
  routes: Readonly<Record<string, Route>>
  clock: Clock
  /** Receives what went wrong inside, for the log. */
  onError?: ((error: Error) => void) | undefined
}

const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8_192,
}
const MOST_CONNECTIONS = 200

/** A listening server. `close` also ends the connections that browsers keep open. */
export class HttpServer {
  readonly address: ListenAddress
  readonly #server: Server
  readonly #options: HttpServerOptions
  readonly #gate: TokenGate | null

  private constructor(server: Server, options: HttpServerOptions) {
    const bound = server.address()
    const port = typeof bound === 'object' && bound ? bound.port : options.address.port
    this.address = { ...options.address, port }
    this.#server = server
    this.#options = options
    this.#gate = options.token === undefined ? null : new TokenGate(options.token, options.clock)
  }

  /**
   * Listens; port 0 takes a free one.
   * @throws ConfigurationError http.listen: the address is taken, not this machine's, or forbidden
   */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const server = createServer(LIMITS)
    server.maxConnections = MOST_CONNECTIONS
    const { host, port } = options.address
    try {
      server.listen({ host, port })
      await once(server, 'listening')
    } catch (error) {
      throw cannotListen(options.address, error)
    }
    const started = new HttpServer(server, options)
    server.on('request', (request, response) => void started.#serve(request, response))
    return started
  }

  /** The address for a browser on this machine. */
  get url(): string {
    return origin(this.address)
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { behindTls } = this.#options
    try {
      reply(response, await this.#answer(request), { head: request.method === 'HEAD', behindTls })
    } catch (error) {
      if (!(error instanceof TgsessionError)) this.#options.onError?.(safeCause(error))
      reply(response, failure(error), { head: request.method === 'HEAD', behindTls })
    }
    // What was not read of a refused request is not waited for.
    if (!request.complete) request.destroy()
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { behindTls, routes } = this.#options
    // Every router logs the query, so a request with one is refused: no secret may ever be put there.
    const path = request.url ?? ''
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!route) return text(404, 'There is nothing here.')
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (method !== route.method)
      return { ...text(405, 'This is not asked in that way.'), headers: { Allow: allowed(route) } }
    if (route.access !== 'probe') {
      const surroundings = { address: this.address, behindTls }
      const document = route.access === 'document'
      const refusal = refuseForeign(request.headers, surroundings, { document })
      if (refusal) return { ...text(refusal.status, refusal.message), headers: refusal.headers }
    }
    if (route.access === 'token') {
      const refusal = this.#judge(request.headers.authorization)
      if (refusal) return refusal
    }
    const body = route.method === 'POST' ? await readJson(request) : null
    return await route.answer({ body, header: (name) => headerOf(request, name) })
  }

  #judge(authorization: string | undefined): Answer | null {
    const verdict = this.#gate?.judge(authorization) ?? 'wrong'
    if (verdict === 'right') return null
    if (verdict === 'too many') return { ...json(429, { error: TOO_MANY }), headers: { 'Retry-After': '6' } }
    return { ...json(401, { error: NO_TOKEN }), headers: { 'WWW-Authenticate': 'Bearer' } }
  }
}

const NO_TOKEN = {
  code: 'http.token',
  message: 'the token is missing or wrong',
  hint: 'It is sent as an Authorization header: Bearer, a space, and the token.',
}
const TOO_MANY = { ...NO_TOKEN, code: 'http.too_many', message: 'too many wrong tokens' }

function allowed({ method }: Route): string {
  return method === 'GET' ? 'GET, HEAD' : 'POST'
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function cannotListen({ host, port }: ListenAddress, error: unknown): ConfigurationError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  return new ConfigurationError('http.listen', `cannot listen on ${host}:${port} (${code})`, {
    hint: 'Choose another port, or end the program that has this one.',
    cause: safeCause(error),
  })
}
