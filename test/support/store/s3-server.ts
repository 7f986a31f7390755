import { createHash } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Certificate } from './http-server.ts'

/**
 * An S3 service in this process, with real ETags and conditions, that can be told to misbehave. Path-style addresses,
 * GET, HEAD, PUT, DELETE and ListObjectsV2; signatures are not verified, only whose key signed.
 */
export interface S3ServerOptions {
  bucket?: string
  accessKeyId?: string
  /**
   * How conditions of a PUT are taken: 'sound' as AWS does; 'unquoted' refuses an If-Match that has its quotes on, as
   * Ceph does; 'ignored' always writes; 'refused' answers 412 to every If-Match; 'all' also to If-None-Match.
   */
  conditions?: 'sound' | 'unquoted' | 'ignored' | 'refused' | 'all-refused'
  /** Keys on one page of a listing, at most. */
  pageSize?: number
  tls?: Certificate
}

/** What happens to the next requests that it fits, instead of or besides the right answer. */
export interface Fault {
  method?: string
  /** Part of the key. */
  key?: string
  /** How many requests it befalls; 1 by default. */
  times?: number
  act:
    /** Answers so, and does nothing. */
    | { answer: number; code?: string }
    /** Does it, then answers so. */
    | { doThenAnswer: number; code?: string }
    /** Cuts the connection: before anything is done, after, or in the middle of the body of the answer. */
    | { cut: 'before' | 'after' | 'body' }
    /** Never answers: before anything is done, after, or stops in the middle of the body. */
    | { hang: 'before' | 'after' | 'body' }
    /** Waits for this to settle, then goes on as usual. */
    | { wait: Promise<unknown> }
}

export interface SeenRequest {
  method: string
  key: string
  ifMatch: string | undefined
  ifNoneMatch: string | undefined
  headers: IncomingHttpHeaders
}

interface Stored {
  bytes: Buffer
  etag: string
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export class S3Server {
  readonly bucket: string
  readonly accessKeyId: string
  readonly seen: SeenRequest[] = []
  conditions: NonNullable<S3ServerOptions['conditions']>
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #objects = new Map<string, Stored>()
  readonly #pageSize: number
  #faults: Required<Fault>[] = []

  private constructor(options: S3ServerOptions) {
    this.bucket = options.bucket ?? 'bucket'
    this.accessKeyId = options.accessKeyId ?? 'testkey'
    this.conditions = options.conditions ?? 'sound'
    this.#pageSize = options.pageSize ?? 1000
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(new Error('the test server failed', { cause: error })),
      )
    }
    this.#server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = new S3Server(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server does not listen')
    return address.port
  }

  get endpoint(): string {
    return `${this.#server instanceof TlsServer ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  /** Open connections, for tests of what a client leaves behind. */
  get connections(): number {
    return this.#sockets.size
  }

  url(prefix = ''): string {
    return `s3://${this.bucket}/${prefix}?region=us-east-1&endpoint=${encodeURIComponent(this.endpoint)}`
  }

  fault(fault: Fault): void {
    this.#faults.push({ method: '', key: '', times: 1, ...fault })
  }

  clearFaults(): void {
    this.#faults = []
  }

  /** What lies in the bucket, seen past all faults. */
  peek(key: string): Buffer | undefined {
    return this.#objects.get(key)?.bytes
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent)
    const key = rest.join('/')
    const method = request.method ?? ''
    const parts: Buffer[] = []
    for await (const part of request) parts.push(Buffer.from(part))
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
    this.seen.push({ method, key, ifMatch, ifNoneMatch, headers: request.headers })

    const act = this.#nextFault(method, key)
    if (act !== undefined) {
      if ('wait' in act) await act.wait
      if ('answer' in act) return send(response, method, refusal(act.answer, act.code ?? 'UnknownError'))
      if ('cut' in act && act.cut === 'before') return void request.socket.destroy()
      if ('hang' in act && act.hang === 'before') return
    }
    const answer = this.#answer({ method, bucket, key, url, request, body: Buffer.concat(parts) })
    if (act !== undefined) {
      if ('doThenAnswer' in act)
        return send(response, method, refusal(act.doThenAnswer, act.code ?? 'UnknownError'))
      if ('cut' in act && act.cut === 'after') return void request.socket.destroy()
      if ('hang' in act && act.hang === 'after') return
      if ('cut' in act || 'hang' in act) return sendHalf(response, answer, 'cut' in act)
    }
    send(response, method, answer)
  }

  #nextFault(method: string, key: string): Fault['act'] | undefined {
    const fault = this.#faults.find(
      (one) => one.times > 0 && (one.method === '' || one.method === method) && key.includes(one.key),
    )
    if (fault !== undefined) fault.times -= 1
    return fault?.act
  }

  #answer(asked: {
    method: string
    bucket: string
    key: string
    url: URL
    request: IncomingMessage
    body: Buffer
  }): Answer {
    const { method, key, request } = asked
    if (!(request.headers.authorization ?? '').includes(`Credential=${this.accessKeyId}/`))
      return refusal(403, 'InvalidAccessKeyId')
    if (asked.bucket !== this.bucket) return refusal(404, 'NoSuchBucket')
    if (key === '' && method === 'GET') return this.#list(asked.url.searchParams)
    const found = this.#objects.get(key)
    switch (method) {
      case 'GET':
      case 'HEAD':
        if (found === undefined) return refusal(404, 'NoSuchKey')
        return { status: 200, headers: { etag: found.etag }, body: found.bytes }
      case 'PUT': {
        const refused = this.#refuses(found, request.headers['if-match'], request.headers['if-none-match'])
        if (refused !== undefined) return refused
        const etag = `"${createHash('md5').update(asked.body).digest('hex')}"`
        this.#objects.set(key, { bytes: asked.body, etag })
        return { status: 200, headers: { etag } }
      }
      case 'DELETE':
        this.#objects.delete(key)
        return { status: 204 }
      default:
        return refusal(501, 'NotImplemented')
    }
  }

  #refuses(
    found: Stored | undefined,
    ifMatch: string | undefined,
    ifNoneMatch: string | undefined,
  ): Answer | undefined {
    const refused = refusal(412, 'PreconditionFailed')
    if (this.conditions === 'ignored') return undefined
    if (ifNoneMatch !== undefined && (found !== undefined || this.conditions === 'all-refused'))
      return refused
    if (ifMatch === undefined) return undefined
    if (this.conditions === 'refused' || this.conditions === 'all-refused') return refused
    if (this.conditions === 'unquoted')
      return ifMatch === found?.etag.replaceAll('"', '') ? undefined : refused
    if (found === undefined) return refusal(404, 'NoSuchKey')
    return ifMatch.replaceAll('"', '') === found.etag.replaceAll('"', '') ? undefined : refused
  }

  #list(query: URLSearchParams): Answer {
    const after = query.get('continuation-token') ?? ''
    const size = Math.min(Number(query.get('max-keys') ?? 1000), this.#pageSize)
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? ''))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const rest =
      after === '' ? keys : keys.slice(keys.indexOf(Buffer.from(after, 'base64url').toString()) + 1)
    const page = rest.slice(0, size)
    const truncated = rest.length > page.length
    const token = truncated ? Buffer.from(page.at(-1) ?? '').toString('base64url') : ''
    const contents = page.map((key) => `<Contents><Key>${escapeXml(key)}</Key></Contents>`).join('')
    const next = truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : ''
    const body = `<ListBucketResult><IsTruncated>${truncated}</IsTruncated>${next}${contents}</ListBucketResult>`
    return { status: 200, headers: { 'content-type': 'application/xml' }, body: XML + body }
  }
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>'

function refusal(status: number, code: string): Answer {
  const body = `${XML}<Error><Code>${code}</Code><Message>${code}</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

function send(response: ServerResponse, method: string, { status, headers, body }: Answer): void {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...headers, ...length })
  response.end(method === 'HEAD' ? undefined : body)
}

function sendHalf(response: ServerResponse, { status, headers, body = '' }: Answer, cut: boolean): void {
  const whole = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': whole.length })
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
    if (cut) response.destroy()
  })
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
