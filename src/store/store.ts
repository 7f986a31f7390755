/**
 * Where bytes lie: one small compare-and-swap interface, implemented once per backend.
 *
 * Errors, the same for every backend:
 * - `ConflictError` (`store.conflict`): the condition of a put or the version of a delete no longer holds.
 * - `ForbiddenError` (`store.forbidden`): wrong credentials, or a right is missing.
 * - `UnreachableError` (`store.unreachable`): no answer after retries; a write may have landed, or may land yet.
 * - `ConfigurationError` (`store.not_found`): the bucket, database or folder itself is not there.
 * - `UnsupportedError` (`store.unsupported`): the service cannot do what was asked.
 * - `BadDataError` (`store.too_large`): the object is larger than `maxBytes`.
 * - an aborted `signal` rejects with `signal.reason`; the write may have landed, or may land yet.
 * Opening one and wrong settings throw ConfigurationError with a code of their own (`store.bad_url`, `.bad_key`, …).
 */
import type { OnProgress, ReadOptions, TransferOptions as StoreOptions } from '../base/transfer.ts'

/** Opaque; equal only for the same write of the same key. Never compare across keys, never parse. */
export type Version = string & { readonly __version: unique symbol }

export interface StoredObject {
  /** The caller's own. */
  bytes: Uint8Array
  version: Version
}

export type { OnProgress, StoreOptions }
/** Reading throws `store.too_large` beyond `maxBytes`. */
export type GetOptions = ReadOptions

export interface ObjectReader {
  /** The object and its version; null only for a proven "not there", never for "could not read". */
  get(key: string, options?: GetOptions): Promise<StoredObject | null>
}

export interface ObjectStore extends ObjectReader {
  /** How messages name this store: its URL without credentials. */
  readonly label: string

  /**
   * Writes if `condition` holds at that moment: 'absent' (no such key), or the version last read or written.
   * Returns the new version. Atomic: a reader sees the old object or the new one, whole.
   * Backends may retry inside; a put that conflicts only with itself (its first answer was lost) may surface as
   * ConflictError, so a caller that cares puts a unique id into the body and reads again.
   */
  put(key: string, bytes: Uint8Array, condition: 'absent' | Version, options?: StoreOptions): Promise<Version>

  /** Removes the object; not an error if it is not there. */
  delete(key: string, options?: StoreOptions): Promise<void>

  /** Keys that start with `prefix`, in ascending order of their UTF-8 bytes. A missing store throws. */
  list(prefix: string, options?: StoreOptions): AsyncIterable<string>

  /** Frees sockets and handles. The store is not used afterwards. */
  close(): Promise<void>
}

/** The largest object that anybody reads or writes here. */
export const MAX_OBJECT_BYTES = 512 * 1024 * 1024
