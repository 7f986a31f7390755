import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Server, type Socket } from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** What a request asks for, read to its end. */
export interface Asked {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

/** What happens to the next requests that it fits, instead of or besides the right answer. */
export interface HttpFault {
  method?: string
  /** Part of the decoded path and query. */
  path?: string
  /** How many requests it befalls; 1 by default. */
  times?: number
  act:
    /** Answers so, and does nothing. */
    | { answer: Answer }
    /** Does it, then answers so. */
    | { doThenAnswer: Answer }
    /** Cuts the connection: before anything is done, after, or in the middle of the body of the answer. */
    | { cut: 'before' | 'after' | 'body' }
    /** Never answers: before anything is done, after, or stops in the middle of the body. */
    | { hang: 'before' | 'after' | 'body' }
    /** Waits for this to settle, then goes on as usual. */
    | { wait: Promise<unknown> }
}

export interface Certificate {
  key: string
  cert: string
  /** The certificate as a file, for NODE_EXTRA_CA_CERTS. */
  file: string
  remove(): void
}

/** An HTTP server in this process that answers as it is told to, and can be told to misbehave. */
export class HttpServer {
  readonly seen: Asked[] = []
  readonly #answer: (asked: Asked) => Answer | Promise<Answer>
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #scheme: string
  #faults: (HttpFault & { times: number })[] = []

  private constructor(answer: (asked: Asked) => Answer | Promise<Answer>, tls?: Certificate) {
    this.#answer = answer
    this.#scheme = tls === undefined ? 'http' : 'https'
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(new Error('the test server failed', { cause: error })),
      )
    }
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(
    answer: (asked: Asked) => Answer | Promise<Answer>,
    tls?: Certificate,
  ): Promise<HttpServer> {
    const server = new HttpServer(answer, tls)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server does not listen')
    return address.port
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  /** Open connections, for tests of what a client leaves behind. */
  get connections(): number {
    return this.#sockets.size
  }

  fault(fault: HttpFault): void {
    this.#faults.push({ times: 1, ...fault })
  }

  clearFaults(): void {
    this.#faults = []
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    const parts: Buffer[] = []
    for await (const part of request) parts.push(Buffer.from(part))
    const asked = {
      method: request.method ?? '',
      url,
      headers: request.headers,
      body: Buffer.concat(parts),
    }
    this.seen.push(asked)
    const act = this.#nextFault(asked)
    if (act !== undefined) {
      if ('wait' in act) await act.wait
      if ('answer' in act) return send(response, act.answer)
      if ('cut' in act && act.cut === 'before') return void request.socket.destroy()
      if ('hang' in act && act.hang === 'before') return
    }
    const answer = await this.#answer(asked)
    if (act !== undefined) {
      if ('doThenAnswer' in act) return send(response, act.doThenAnswer)
      if ('cut' in act && act.cut === 'after') return void request.socket.destroy()
      if ('hang' in act && act.hang === 'after') return
      if ('cut' in act || 'hang' in act) return sendHalf(response, answer, 'cut' in act)
    }
    send(response, answer)
  }

  #nextFault({ method, url }: Asked): HttpFault['act'] | undefined {
    const target = decodeURIComponent(url.pathname + url.search)
    const fault = this.#faults.find(
      (one) =>
        one.times > 0 &&
        (one.method === undefined || one.method === method) &&
        target.includes(one.path ?? ''),
    )
    if (fault !== undefined) fault.times -= 1
    return fault?.act
  }
}

export interface ForwardProxy {
  url: string
  /** Hosts that a tunnel or a request was asked for. */
  seen: string[]
  /** What the clients sent as Proxy-Authorization. */
  authorizations: (string | undefined)[]
  close(): Promise<void>
}

/** An HTTP proxy that leads every tunnel to one port of this host, whatever host is asked for; or answers `refusal`. */
export async function startProxy(port: number, refusal?: number): Promise<ForwardProxy> {
  const seen: string[] = []
  const authorizations: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    response.writeHead(502).end()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    seen.push(request.url ?? '')
    authorizations.push(request.headers['proxy-authorization'])
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} No\r\n\r\n`)
      return
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    sockets.add(upstream)
    upstream.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    authorizations,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A certificate for these hosts, signed by itself; made by openssl. */
export function makeCertificate(...hosts: string[]): Certificate {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tgsession-tls-'))
  const [key, file] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')]
  const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(',')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
  const subject = ['-subj', '/CN=tgsession test', '-addext', `subjectAltName=${names}`]
  const args = ['req', '-x509', ...curve, '-days', '2', ...subject, '-keyout', key, '-out', file]
  execFileSync('openssl', args, { stdio: 'ignore' })
  return {
    key: readFileSync(key, 'utf8'),
    cert: readFileSync(file, 'utf8'),
    file,
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...length, ...headers })
  response.end(body)
}

function sendHalf(response: ServerResponse, { status, headers, body = '' }: Answer, cut: boolean): void {
  const whole = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': whole.length })
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
    if (cut) response.destroy()
  })
}
