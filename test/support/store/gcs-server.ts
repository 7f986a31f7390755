import { createHash } from 'node:crypto'
import { type Answer, type Asked, type Certificate, type HttpFault, HttpServer } from './http-server.ts'

/**
 * Cloud Storage in this process, as its JSON API describes it (https://cloud.google.com/storage/docs/json_api/v1), with
 * generations and preconditions, that can be told to misbehave: multipart uploads, downloads, metadata, deletes,
 * listings in pages. As an emulator it answers with and without /storage/v1, as Google's own does.
 */
export interface GcsServerOptions {
  bucket?: string
  /** Keys on one page of a listing, at most. */
  pageSize?: number
  /** Refuse who does not send this token. */
  token?: string
  tls?: Certificate
}

interface Stored {
  bytes: Buffer
  generation: number
  encoding: string | undefined
}

export class GcsServer {
  readonly bucket: string
  readonly #options: GcsServerOptions
  readonly #objects = new Map<string, Stored>()
  #generation = 1_700_000_000_000_000
  #http!: HttpServer

  private constructor(options: GcsServerOptions) {
    this.bucket = options.bucket ?? 'bucket'
    this.#options = options
  }

  static async start(options: GcsServerOptions = {}): Promise<GcsServer> {
    const server = new GcsServer(options)
    server.#http = await HttpServer.start((asked) => server.answer(asked), options.tls)
    return server
  }

  get seen(): Asked[] {
    return this.#http.seen
  }

  get origin(): string {
    return this.#http.origin
  }

  get port(): number {
    return this.#http.port
  }

  get connections(): number {
    return this.#http.connections
  }

  fault(fault: HttpFault): void {
    this.#http.fault(fault)
  }

  clearFaults(): void {
    this.#http.clearFaults()
  }

  async close(): Promise<void> {
    await this.#http.close()
  }

  /** What lies in the bucket, seen past all faults. */
  peek(name: string): Buffer | undefined {
    return this.#objects.get(name)?.bytes
  }

  /** Puts an object there past all conditions. */
  place(name: string, bytes: Buffer | string, encoding?: string): void {
    this.#generation += 1
    this.#objects.set(name, { bytes: Buffer.from(bytes), generation: this.#generation, encoding })
  }

  answer(asked: Asked): Answer {
    const { token } = this.#options
    if (token !== undefined && asked.headers.authorization !== `Bearer ${token}`)
      return refusal(401, 'authError', 'Invalid Credentials')
    const match = /^(\/upload)?(?:\/storage\/v1)?\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(asked.url.pathname)
    if (match === null) return { status: 404, headers: { 'content-type': 'text/html' }, body: '<p>Not Found' }
    const [, upload, bucket = '', encoded] = match
    if (decodeURIComponent(bucket) !== this.bucket)
      return refusal(404, 'notFound', 'The specified bucket does not exist.')
    const query = asked.url.searchParams
    if (upload !== undefined) return this.#upload(asked)
    if (encoded === undefined) return this.#list(query)
    return this.#object(asked.method, decodeURIComponent(encoded), query)
  }

  #object(method: string, name: string, query: URLSearchParams): Answer {
    const found = this.#objects.get(name)
    const wanted = query.get('generation')
    if (found === undefined || (wanted !== null && wanted !== String(found.generation)))
      return query.get('alt') === 'media'
        ? { status: 404, body: `No such object: ${this.bucket}/${name}` }
        : refusal(404, 'notFound', `No such object: ${this.bucket}/${name}`)
    if (!holds(found, query)) return refusal(412, 'conditionNotMet', 'At least one condition did not hold.')
    if (method === 'DELETE') {
      this.#objects.delete(name)
      return { status: 204 }
    }
    if (method !== 'GET') return refusal(405, 'methodNotAllowed', method)
    if (query.get('alt') !== 'media') return json({ name, generation: String(found.generation) })
    const headers = {
      'content-type': 'application/octet-stream',
      'x-goog-generation': String(found.generation),
      'x-goog-stored-content-encoding': found.encoding ?? 'identity',
      'x-goog-hash': `md5=${md5(found.encoding === undefined ? found.bytes : Buffer.from('packed'))}`,
    }
    return { status: 200, headers, body: found.bytes }
  }

  #upload({ method, url, headers, body }: Asked): Answer {
    const name = url.searchParams.get('name') ?? ''
    const boundary = /^multipart\/related; boundary=(\S+)$/.exec(headers['content-type'] ?? '')?.[1]
    if (method !== 'POST' || url.searchParams.get('uploadType') !== 'multipart' || boundary === undefined)
      return refusal(400, 'invalid', 'not a multipart upload')
    const parts = splitParts(body, boundary)
    if (parts.length !== 2) return refusal(400, 'invalid', 'not two parts')
    const metadata: { md5Hash?: string } = JSON.parse(String(parts[0]))
    const bytes = parts[1]!
    if (metadata.md5Hash !== undefined && metadata.md5Hash !== md5(bytes))
      return refusal(400, 'invalid', 'Provided MD5 hash does not match')
    if (!holds(this.#objects.get(name), url.searchParams))
      return refusal(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.')
    this.place(name, bytes)
    return json({ name, generation: String(this.#generation), md5Hash: md5(bytes) })
  }

  #list(query: URLSearchParams): Answer {
    const after = Buffer.from(query.get('pageToken') ?? '', 'base64url').toString()
    const size = Math.min(Number(query.get('maxResults') ?? 1000), this.#options.pageSize ?? 1000)
    const rest = [...this.#objects.keys()]
      .filter((name) => name.startsWith(query.get('prefix') ?? ''))
      .toSorted(byBytes)
      .filter((name) => byBytes(name, after) > 0)
    const page = rest.slice(0, size)
    const last = page.at(-1)
    return json({
      ...(page.length === 0 ? {} : { items: page.map((name) => ({ name })) }),
      ...(rest.length > page.length && last !== undefined
        ? { nextPageToken: Buffer.from(last).toString('base64url') }
        : {}),
    })
  }
}

/** An error as the JSON API words it. */
export function refusal(status: number, reason: string, message: string): Answer {
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] }
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) }
}

function json(value: unknown): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

function holds(found: Stored | undefined, query: URLSearchParams): boolean {
  const wanted = query.get('ifGenerationMatch')
  return wanted === null || wanted === String(found?.generation ?? 0)
}

/** The bodies of the parts, each after its own headers. */
function splitParts(body: Buffer, boundary: string): Buffer[] {
  const mark = Buffer.from(`--${boundary}`)
  const parts: Buffer[] = []
  let at = body.indexOf(mark)
  for (let end = body.indexOf(mark, at + 1); end !== -1; at = end, end = body.indexOf(mark, at + 1)) {
    const part = body.subarray(at + mark.length + 2, end - 2)
    parts.push(part.subarray(part.indexOf('\r\n\r\n') + 4))
  }
  return parts
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64')
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
