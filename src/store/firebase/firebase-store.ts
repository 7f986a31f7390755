import { UnreachableError, UnsupportedError } from '../../base/errors.ts'
import type { FirebaseAccess } from './access.ts'
import { firebaseError, isNoSuchObject, isPassingFirebase } from './errors.ts'
import type { FirebaseLocation } from './location.ts'
import { checkDownload, FirebaseUpload } from './transfer.ts'
import { FirebaseToken } from './token.ts'
import type { ProxySettings } from '../http/access.ts'
import { lengthOf, readJson } from '../http/body.ts'
import { type HttpAnswer, HttpClient, type HttpRequest, type HttpTimeouts } from '../http/client.ts'
import { retryingHttp, statusError, statusOf } from '../http/errors.ts'
import { checkKey } from '../shared/key.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../../base/retry.ts'
import { conflict } from '../shared/errors.ts'
import type { GetOptions, ObjectStore, StoredObject, StoreOptions, Version } from '../store.ts'
import { Pages } from '../shared/limits.ts'
import { toVersion } from '../shared/version.ts'
import { readWholeBody } from '../shared/whole-body.ts'

export interface FirebaseStoreOptions {
  access?: FirebaseAccess | undefined
  proxy?: ProxySettings | undefined
  timeouts?: HttpTimeouts | undefined
  retry?: RetryPolicy | undefined
  /** Keys asked for at a time, at most 1000. */
  pageSize?: number | undefined
}

type Query = Record<string, string>

const SERVICE = 'https://storage.googleapis.com'

/**
 * Objects in a bucket of Cloud Storage for Firebase. Compare-and-swap is `ifGenerationMatch`; a version is the
 * generation, which the service gives every write anew and never twice.
 *
 * `firebase-admin` gives the identity; the JSON API (https://cloud.google.com/storage/docs/json_api/v1) is spoken here.
 * The SDK's own storage client cannot be told to stop: its requests know no signal, and with node-fetch 3 under it its
 * `timeout` does nothing, so that one silent server would outlast every lease. It also takes an emulator from the
 * environment of the process only.
 */
export class FirebaseStore implements ObjectStore {
  readonly label: string
  readonly #location: FirebaseLocation
  readonly #options: FirebaseStoreOptions
  readonly #http: HttpClient
  readonly #token: FirebaseToken | undefined

  constructor(location: FirebaseLocation, options: FirebaseStoreOptions = {}) {
    const { emulator, serviceAccount } = options.access ?? {}
    this.label = location.label
    this.#location = location
    this.#options = options
    this.#http = new HttpClient(options.proxy, options.timeouts)
    this.#token = emulator === undefined ? new FirebaseToken(location.label, serviceAccount) : undefined
  }

  /** One request for both, so that bytes and generation are of the same write. */
  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    const url = this.#objectUrl(key, { alt: 'media' })
    try {
      return await this.#send({ method: 'GET', url }, options, async (answer) => {
        const version = this.#version(answer.headers['x-goog-generation'])
        const bytes = await readWholeBody(
          answer.body,
          lengthOf(answer.headers),
          { label: this.label, key },
          options,
        )
        checkDownload(bytes, answer.headers)
        return { bytes, version }
      })
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#error(error, options)
      await this.#proveAbsent(key, error, options)
      return null
    }
  }

  async put(
    key: string,
    bytes: Uint8Array,
    condition: 'absent' | Version,
    options: StoreOptions = {},
  ): Promise<Version> {
    checkKey(key)
    options.signal?.throwIfAborted()
    // Generations are all that this store gives; a foreign version cannot be that of anything here.
    if (condition !== 'absent' && !/^[1-9]\d{0,18}$/.test(condition)) throw conflict(this.label, key)
    const generation = condition === 'absent' ? '0' : condition
    const name = this.#location.prefix + key
    const url = this.#url('/upload', '/o', {
      uploadType: 'multipart',
      name,
      ifGenerationMatch: generation,
      fields: 'generation',
    })
    const upload = new FirebaseUpload(bytes, options.onProgress)
    try {
      return await this.#send(
        { method: 'POST', url, headers: upload.headers, body: () => upload.body() },
        options,
        async (answer) => this.#version((await readJson(answer))['generation']),
      )
    } catch (error) {
      if (statusOf(error) === 412) throw conflict(this.label, key)
      throw this.#error(error, options)
    }
  }

  async delete(key: string, options: StoreOptions = {}): Promise<void> {
    const url = this.#objectUrl(key, {})
    try {
      await this.#send({ method: 'DELETE', url }, options, async () => {})
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#error(error, options)
      await this.#proveAbsent(key, error, options)
    }
  }

  async *list(prefix: string, options: StoreOptions = {}): AsyncIterable<string> {
    const pages = new Pages(this.label)
    let pageToken: string | undefined
    do {
      pages.next(pageToken)
      const page: { names: string[]; next: string | undefined } = await this.#page(
        prefix,
        this.#options.pageSize,
        pageToken,
        options,
      ).catch((error: unknown) => {
        throw this.#error(error, options)
      })
      for (const name of page.names) {
        options.signal?.throwIfAborted()
        yield name.slice(this.#location.prefix.length)
      }
      pageToken = page.next
    } while (pageToken !== undefined)
  }

  async close(): Promise<void> {
    await this.#http.close()
  }

  /** A 404 that does not name the object may mean anything: the listing, which is always up to date, decides. */
  async #proveAbsent(key: string, error: unknown, options: StoreOptions): Promise<void> {
    if (isNoSuchObject(error)) return
    const page = await this.#page(key, 1, undefined, options).catch((other: unknown) => {
      throw this.#error(other, options)
    })
    if (page.names[0] !== this.#location.prefix + key) return
    throw new UnreachableError('store.unreachable', `${this.label}: 404 for ${key}, which is there`, {
      hint: 'Something between here and Cloud Storage answers in its place: a proxy, or an emulator.',
    })
  }

  async #page(
    prefix: string,
    size: number | undefined,
    pageToken: string | undefined,
    options: StoreOptions,
  ): Promise<{ names: string[]; next: string | undefined }> {
    const url = this.#url('', '/o', {
      prefix: this.#location.prefix + prefix,
      fields: 'items/name,nextPageToken',
      ...(size === undefined ? {} : { maxResults: String(size) }),
      ...(pageToken === undefined ? {} : { pageToken }),
    })
    return this.#send({ method: 'GET', url }, options, async (answer) => {
      const { items, nextPageToken } = await readJson(answer)
      const names = (Array.isArray(items) ? items : []).map((item: unknown) => nameOf(item))
      return {
        names: names.filter((name) => name !== undefined),
        next: typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined,
      }
    })
  }

  async #send<T>(
    request: Pick<HttpRequest, 'method' | 'url'> & {
      headers?: Record<string, string>
      body?: () => AsyncIterable<Uint8Array>
    },
    { signal }: StoreOptions,
    read: (answer: HttpAnswer) => Promise<T>,
  ): Promise<T> {
    const attempt = async (): Promise<T> => {
      const token = await this.#token?.get(signal)
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const headers = { ...request.headers, ...authorization }
      return this.#http.exchange({ ...request, headers, body: request.body?.(), signal }, async (answer) => {
        if (answer.status !== 200 && answer.status !== 204) throw await statusError(answer)
        return read(answer)
      })
    }
    return retryingHttp(attempt, this.#options.retry ?? DEFAULT_RETRY, signal, isPassingFirebase)
  }

  #objectUrl(key: string, query: Query): URL {
    checkKey(key)
    return this.#url('', `/o/${encodeURIComponent(this.#location.prefix + key)}`, query)
  }

  /** Google's own client leaves /storage/v1 off for an emulator, except where it uploads; so they all know that. */
  #url(before: '' | '/upload', after: string, query: Query): URL {
    const emulator = this.#options.access?.emulator
    const api = emulator === undefined || before !== '' ? '/storage/v1' : ''
    const url = new URL(`${emulator ?? SERVICE}${before}${api}/b/${this.#location.bucket}${after}`)
    url.search = new URLSearchParams(query).toString()
    return url
  }

  #version(generation: unknown): Version {
    if (typeof generation === 'string' && /^[1-9]\d*$/.test(generation)) return toVersion(generation)
    throw new UnsupportedError(
      'store.unsupported',
      `${this.label}: the service answers without a generation`,
      {
        hint: 'Check that nothing but Cloud Storage, or an emulator of its JSON API, answers at this address.',
      },
    )
  }

  #error(error: unknown, options: StoreOptions): unknown {
    options.signal?.throwIfAborted()
    return firebaseError(error, this.label, this.#location.bucket)
  }
}

function nameOf(item: unknown): string | undefined {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
    ? item.name
    : undefined
}
