import { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { ConfigurationError, UnsupportedError } from '../../base/errors.ts'
import { checkKey } from '../shared/key.ts'
import { DEFAULT_RETRY, type RetryPolicy, retrying } from '../../base/retry.ts'
import { connectS3, type S3Access, type S3Connection } from './client.ts'
import { isPassing, nameOf, setupError, statusOf, storeError } from './errors.ts'
import type { S3Location } from './location.ts'
import { conflict } from '../shared/errors.ts'
import type { GetOptions, ObjectStore, StoredObject, StoreOptions, Version } from '../store.ts'
import { Pages } from '../shared/limits.ts'
import { toVersion } from '../shared/version.ts'
import { readWholeBody } from '../shared/whole-body.ts'

export interface S3StoreOptions extends S3Access {
  retry?: RetryPolicy | undefined
  /** Keys asked for at a time, at most 1000. */
  pageSize?: number | undefined
}

/**
 * Objects in a bucket of S3 or of a service that speaks its language. Compare-and-swap is If-None-Match and If-Match.
 *
 * A version is the ETag without its quotes. An ETag is a hash of the content, so equal bodies have equal versions: who
 * puts a fresh id into every body (as the head of a session has) cannot mistake one write for another.
 *
 * Some services (Ceph, and what is built on it) compare If-Match with its quotes on and so refuse every write. After
 * a refusal the object is looked at: if it still is the expected one, the other spelling is tried and remembered.
 */
export class S3Store implements ObjectStore {
  readonly label: string
  readonly #location: S3Location
  readonly #options: S3StoreOptions
  #connection: Promise<S3Connection> | undefined
  #quoted = true

  constructor(location: S3Location, options: S3StoreOptions = {}) {
    this.label = location.label
    this.#location = location
    this.#options = options
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    const at = this.#at(key)
    try {
      return await this.#send(options, async ({ sdk, client }) => {
        const answer = await client.send(new sdk.GetObjectCommand(at), { ...abort(options) })
        const bytes = await this.#readBody(key, answer, options)
        return { bytes, version: this.#version(answer.ETag) }
      })
    } catch (error) {
      // Any other 404 is a page of something that is no S3 service, or a missing bucket: it proves nothing.
      if (statusOf(error) === 404 && nameOf(error) === 'NoSuchKey') return null
      throw this.#error(error, options)
    }
  }

  async put(
    key: string,
    bytes: Uint8Array,
    condition: 'absent' | Version,
    options: StoreOptions = {},
  ): Promise<Version> {
    checkKey(key)
    try {
      return await (condition === 'absent'
        ? this.#create(key, bytes, options)
        : this.#replace(key, bytes, condition, options))
    } catch (error) {
      throw this.#error(error, options)
    }
  }

  async delete(key: string, options: StoreOptions = {}): Promise<void> {
    const at = this.#at(key)
    try {
      await this.#send(options, async ({ sdk, client }) =>
        client.send(new sdk.DeleteObjectCommand(at), abort(options)),
      )
    } catch (error) {
      if (statusOf(error) === 404 && nameOf(error) === 'NoSuchKey') return
      throw this.#error(error, options)
    }
  }

  async *list(prefix: string, options: StoreOptions = {}): AsyncIterable<string> {
    const { bucket, prefix: root } = this.#location
    const pages = new Pages(this.label)
    let token: string | undefined
    do {
      pages.next(token)
      const page = {
        Bucket: bucket,
        Prefix: root + prefix,
        ContinuationToken: token,
        MaxKeys: this.#options.pageSize,
      }
      const answer = await this.#send(options, async ({ sdk, client }) =>
        client.send(new sdk.ListObjectsV2Command(page), abort(options)),
      ).catch((error: unknown) => {
        throw this.#error(error, options)
      })
      for (const { Key: key } of answer.Contents ?? []) {
        options.signal?.throwIfAborted()
        if (key !== undefined) yield key.slice(root.length)
      }
      token = answer.IsTruncated === true ? answer.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    // A connection that failed was already reported to the request that needed it.
    const opened = await connection?.catch(() => undefined)
    opened?.client.destroy()
  }

  async #create(key: string, bytes: Uint8Array, options: StoreOptions): Promise<Version> {
    try {
      return await this.#write(key, bytes, { IfNoneMatch: '*' }, options)
    } catch (error) {
      if (statusOf(error) === 412) throw conflict(this.label, key)
      if (isOpen(error) && (await this.#look(key, options)) !== null) throw conflict(this.label, key)
      throw error
    }
  }

  async #replace(key: string, bytes: Uint8Array, expected: Version, options: StoreOptions): Promise<Version> {
    for (const quoted of [this.#quoted, !this.#quoted]) {
      try {
        const version = await this.#write(
          key,
          bytes,
          { IfMatch: quoted ? `"${expected}"` : expected },
          options,
        )
        this.#quoted = quoted
        return version
      } catch (error) {
        const status = statusOf(error)
        if (status === 404 && nameOf(error) === 'NoSuchKey') throw conflict(this.label, key)
        if (status !== 412 && !isOpen(error)) throw error
        if ((await this.#look(key, options)) !== expected) throw conflict(this.label, key)
        if (status !== 412) throw error
      }
    }
    throw new UnsupportedError('store.refuses_conditions', `${this.label}: refuses every conditional write`, {
      hint: 'Ceph does so where versioning is on: switch it off for this bucket, or use another store.',
    })
  }

  async #write(
    key: string,
    bytes: Uint8Array,
    condition: { IfMatch: string } | { IfNoneMatch: '*' },
    options: StoreOptions,
  ): Promise<Version> {
    const put = { ...this.#at(key), ...condition, Body: bytes, ContentType: 'application/octet-stream' }
    options.onProgress?.(0, bytes.length)
    const answer = await this.#send(options, async ({ sdk, client }) =>
      client.send(new sdk.PutObjectCommand(put), abort(options)),
    )
    options.onProgress?.(bytes.length, bytes.length)
    return this.#version(answer.ETag)
  }

  /** The version that is there now, or null. A HEAD cannot tell a missing bucket from a missing object. */
  async #look(key: string, options: StoreOptions): Promise<Version | null> {
    try {
      const answer = await this.#send(options, async ({ sdk, client }) =>
        client.send(new sdk.HeadObjectCommand(this.#at(key)), abort(options)),
      )
      return this.#version(answer.ETag)
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw error
    }
  }

  /** Reads to the end or destroys: a body left unread keeps its socket, and Node, alive for a minute. */
  async #readBody(key: string, answer: GetObjectCommandOutput, options: GetOptions): Promise<Uint8Array> {
    const body = answer.Body
    if (!(body instanceof Readable)) throw new TypeError('the SDK gave a body that is no stream')
    try {
      return await readWholeBody(body, answer.ContentLength, { label: this.label, key }, options)
    } finally {
      body.destroy()
    }
  }

  async #send<T>(options: StoreOptions, command: (connection: S3Connection) => Promise<T>): Promise<T> {
    options.signal?.throwIfAborted()
    const connection = await (this.#connection ??= this.#connect())
    return retrying(
      async () => command(connection),
      isPassing,
      this.#options.retry ?? DEFAULT_RETRY,
      options.signal,
    )
  }

  async #connect(): Promise<S3Connection> {
    try {
      return await connectS3(this.#location, this.#options)
    } catch (error) {
      this.#connection = undefined
      throw setupError(error, this.label)
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    checkKey(key)
    return { Bucket: this.#location.bucket, Key: this.#location.prefix + key }
  }

  #version(etag: string | undefined): Version {
    const version = etag?.replace(/^W\//, '').replaceAll('"', '') ?? ''
    if (version === '')
      throw new UnsupportedError('store.unsupported', `${this.label}: the service answers without an ETag`, {
        hint: 'Check that the endpoint is an S3 service and not a web site or a proxy in front of one.',
      })
    return toVersion(version)
  }

  #error(error: unknown, options: StoreOptions): unknown {
    options.signal?.throwIfAborted()
    if (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket')
      return new ConfigurationError(
        'store.not_found',
        `${this.label}: the service answered 404 and not what is missing`,
        {
          hint: 'Check that the endpoint is an S3 service, and the name of the bucket.',
        },
      )
    return storeError(error, this.label)
  }
}

/** The service answered, but not whether the write was made (Ceph's 500 for a lost race, a 409 that does not end). */
function isOpen(error: unknown): boolean {
  return statusOf(error) !== undefined && isPassing(error)
}

function abort(options: StoreOptions): { abortSignal?: AbortSignal } {
  return options.signal === undefined ? {} : { abortSignal: options.signal }
}
