import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetworkMoment } from '../plan.ts'

export interface NetworkOptions {
  upstream: string
  random: () => number
  /** Share of requests that something befalls. */
  rate: number
  /** Milliseconds; a client gives a request up long before. */
  lateMs: number
  onFault: (what: string) => void
  /** Told just before and just after a write happens upstream; who dies then dies before the answer. */
  onPut: (moment: NetworkMoment) => void
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/**
 * The way of one dyno to an HTTP store, and what goes wrong on it: delays, 429, 500, 503 before or after the work is done,
 * cut connections, and writes that the client has given up for lost and that land long after.
 */
export class Network {
  readonly #options: NetworkOptions
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy())
  })
  readonly #sockets = new Set<Socket>()
  #silence: { over: Promise<void>; end: () => void; ofWrites: boolean } | undefined
  #slowMs = 0
  #headWrites = 0
  #isClosed = false

  private constructor(options: NetworkOptions) {
    this.#options = options
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async open(options: NetworkOptions): Promise<Network> {
    const network = new Network(options)
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve))
    return network
  }

  get endpoint(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the network is closed')
    return `http://127.0.0.1:${address.port}`
  }

  /**
   * Takes requests, and neither does nor answers anything, or no writes of the head, until it is over: then all of them are
   * done.
   */
  silence(on: boolean, ofWrites = false): void {
    this.#silence?.end()
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    this.#silence = on ? { over, end, ofWrites } : undefined
  }

  /** Milliseconds that every other write of the head takes before it is done. */
  slow(ms: number): void {
    this.#slowMs = ms
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#isClosed = true
    this.#silence?.end()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(Buffer.from(part))
    const isHead = request.method === 'PUT' && /head\.json/.test(request.url ?? '')
    if (isHead || this.#silence?.ofWrites === false) await this.#silence?.over
    if (this.#slowMs > 0 && isHead && this.#headWrites++ % 2 === 0) await sleep(this.#slowMs)
    if (this.#isClosed) return
    const work = (): Promise<Answer> => this.#forward(request, Buffer.concat(parts))
    const { random, rate, onFault, lateMs } = this.#options
    if (random() >= rate) return reply(response, await work())
    const fault = FAULTS[Math.floor(random() * FAULTS.length)] ?? 'slow'
    onFault(fault)
    switch (fault) {
      case 'slow':
        await sleep(50 + random() * 400)
        return reply(response, await work())
      case 'late':
        await sleep(lateMs * (0.3 + random()))
        return reply(response, await work())
      case 'cut before':
        return void request.socket.destroy()
      case 'cut after':
        await work()
        return void request.socket.destroy()
      case '500 after':
        await work()
        return reply(response, refusal(500, 'InternalError'))
      case '429':
        return reply(response, refusal(429, 'TooManyRequests'))
      case '500':
        return reply(response, refusal(500, 'InternalError'))
      case '503':
        return reply(response, refusal(503, 'SlowDown'))
    }
  }

  /** As it came, with the host that its signature names. */
  async #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const part = /head\.json/.test(request.url ?? '') ? 'head' : 'revision'
    const isPut = request.method === 'PUT'
    if (isPut) this.#options.onPut(`put.${part}.before`)
    const upstream = new URL(this.#options.upstream)
    const answer = await new Promise<Answer>((resolve, reject) => {
      const { method, url: path, headers } = request
      send({ host: upstream.hostname, port: upstream.port, method, path, headers }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 502,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
          }),
        )
      })
        .on('error', reject)
        .end(body)
    })
    if (isPut) this.#options.onPut(`put.${part}.after`)
    return answer
  }
}

const FAULTS = [
  'slow',
  'slow',
  'late',
  'late',
  'cut before',
  'cut after',
  '500 after',
  '429',
  '500',
  '503',
] as const

function refusal(status: number, code: string): Answer {
  const body = Buffer.from(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  )
  return {
    status,
    headers: { 'content-type': 'application/xml', 'content-length': String(body.length) },
    body,
  }
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
