import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { BadDataError, UnreachableError } from '../../base/errors.ts'
import { checkKey } from '../shared/key.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../../base/retry.ts'
import { SqlChunks } from './chunks.ts'
import type { SqlClient } from '../../sql/client.ts'
import { SqlRunner } from './runner.ts'
import { conflict, tooLarge } from '../shared/errors.ts'
import type { GetOptions, ObjectStore, StoredObject, StoreOptions, Version } from '../store.ts'
import { toVersion } from '../shared/version.ts'
import { encodeKey, type SqlTables } from './tables.ts'

export interface SqlStoreOptions {
  retry?: RetryPolicy | undefined
  /** Keys asked for at a time. */
  pageSize?: number | undefined
  /** The time in ms since 1970; only for the age of leftovers. */
  now?: (() => number) | undefined
}

const DEFAULT_PAGE = 1000

/** A fresh UUID, and how many parts its body lies in where it lies in parts. */
const VERSION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.(\d{1,7}))?$/

/**
 * Objects as rows of one table, `tgsession_objects`; bodies over 1 MiB (less if the server takes no such
 * statements) lie in a second one, `tgsession_chunks`. The
 * tables are made on first use; a user without that right works on tables that are there.
 *
 * Compare-and-swap is one INSERT, or one UPDATE … WHERE object_key = ? AND version = ?, and the number of rows that
 * it met. Every statement commits by itself: no transaction is held open, and nothing is kept in the session.
 *
 * A version is a fresh UUID, so no write is ever taken for another; where an answer was lost, finding one's own
 * version in the row proves that the write landed.
 */
export class SqlStore implements ObjectStore {
  readonly label: string
  readonly #runner: SqlRunner
  readonly #chunks: SqlChunks
  readonly #pageSize: number

  constructor(client: SqlClient<SqlTables>, options: SqlStoreOptions = {}) {
    this.label = client.label
    this.#runner = new SqlRunner(client, options.retry ?? DEFAULT_RETRY)
    this.#chunks = new SqlChunks(this.#runner, options.now ?? Date.now)
    this.#pageSize = options.pageSize ?? DEFAULT_PAGE
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    checkKey(key)
    const query = this.#runner.db
      .selectFrom('tgsession_objects')
      .select(['version', 'size', 'body'])
      .where('object_key', '=', this.#at(key))
    for (let missed: string | undefined; ;) {
      const { rows } = await this.#runner.run(query, options)
      const row = rows[0]
      if (row === undefined) return null
      const size = Number(row.size)
      if (options.maxBytes !== undefined && size > options.maxBytes)
        throw tooLarge(this.label, key, options.maxBytes)
      const inParts = partsOf(row.version) > 0
      const bytes = inParts
        ? await this.#chunks.read(row.version, size, options)
        : new Uint8Array(row.body ?? [])
      if (bytes?.length === size) {
        if (!inParts) options.onProgress?.(size, size)
        return { bytes, version: toVersion(row.version) }
      }
      // It was replaced meanwhile and its parts were removed, unless the row still names them.
      if (row.version === missed) throw this.#damaged(key)
      missed = row.version
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
    if (condition !== 'absent' && !VERSION.test(condition)) throw conflict(this.label, key)
    options.onProgress?.(0, bytes.length)
    const partBytes = await this.#runner.partBytes(options)
    if (bytes.length <= partBytes) {
      const version = toVersion(randomUUID())
      await this.#mustSwap(key, { version, size: bytes.length, body: bytes }, condition, options)
      options.onProgress?.(bytes.length, bytes.length)
      return version
    }
    const version = toVersion(`${randomUUID()}.${Math.ceil(bytes.length / partBytes)}`)
    await this.#chunks.write(version, bytes, partBytes, options)
    if ((await this.#chunks.count(version, options)) !== partsOf(version)) throw this.#swept(key)
    await this.#mustSwap(key, { version, size: bytes.length, body: null }, condition, options)
    await this.#chunks.sweep(options)
    return version
  }

  async delete(key: string, options: StoreOptions = {}): Promise<void> {
    checkKey(key)
    for (;;) {
      const version = await this.#current(key, options)
      if (version === undefined) return
      // Naming the version, a DELETE that lands late cannot hit what somebody wrote afterwards.
      const query = this.#runner.db
        .deleteFrom('tgsession_objects')
        .where('object_key', '=', this.#at(key))
        .where('version', '=', version)
      const { affected } = await this.#runner.run(query, options)
      if (affected === 0) continue
      if (partsOf(version) > 0) await this.#chunks.remove(version, options)
      return
    }
  }

  async *list(prefix: string, options: StoreOptions = {}): AsyncIterable<string> {
    options.signal?.throwIfAborted()
    // No key does, and Postgres would refuse the question.
    if (prefix.includes('\0') || !prefix.isWellFormed()) return
    for (let after: string | undefined; ;) {
      // In the order of bytes, all that starts with a prefix follows it without a gap: no LIKE, and nothing to escape.
      const query = this.#runner.db
        .selectFrom('tgsession_objects')
        .select('object_key')
        .where('object_key', after === undefined ? '>=' : '>', this.#at(after ?? prefix))
        .orderBy('object_key')
        .limit(sql.lit(this.#pageSize))
      const { rows } = await this.#runner.run(query, options)
      for (const row of rows) {
        options.signal?.throwIfAborted()
        after = typeof row.object_key === 'string' ? row.object_key : Buffer.from(row.object_key).toString()
        if (!after.startsWith(prefix)) return
        yield after
      }
      if (rows.length < this.#pageSize) return
    }
  }

  async close(): Promise<void> {
    await this.#runner.close()
  }

  async #mustSwap(
    key: string,
    row: { version: Version; size: number; body: Uint8Array | null },
    condition: 'absent' | Version,
    options: StoreOptions,
  ): Promise<void> {
    const { affected } = await this.#runner.run(this.#swap(key, row, condition), options)
    // Nothing met: perhaps an earlier try of ours landed and its answer was lost.
    const won = affected > 0 || (await this.#current(key, options)) === row.version
    const obsolete = won ? condition : row.version
    if (obsolete !== 'absent' && partsOf(obsolete) > 0) await this.#chunks.remove(obsolete, options)
    if (!won) throw conflict(this.label, key)
  }

  #swap(
    key: string,
    row: { version: Version; size: number; body: Uint8Array | null },
    condition: 'absent' | Version,
  ) {
    const { db, kind } = this.#runner
    if (condition !== 'absent')
      return db
        .updateTable('tgsession_objects')
        .set(row)
        .where('object_key', '=', this.#at(key))
        .where('version', '=', condition)
    const insert = db.insertInto('tgsession_objects').values({ object_key: this.#at(key), ...row })
    // In MySQL INSERT IGNORE would also cut off what is too long; ON DUPLICATE KEY UPDATE counts a row that it found as one.
    return kind === 'mysql' ? insert : insert.onConflict((on) => on.doNothing())
  }

  async #current(key: string, options: StoreOptions): Promise<string | undefined> {
    const query = this.#runner.db
      .selectFrom('tgsession_objects')
      .select('version')
      .where('object_key', '=', this.#at(key))
    const { rows } = await this.#runner.run(query, options)
    return rows[0]?.version
  }

  #at(key: string): string | Uint8Array {
    return encodeKey(this.#runner.kind, key)
  }

  #damaged(key: string): BadDataError {
    return new BadDataError('store.damaged', `${this.label}: ${key} is not whole`, {
      hint: 'Somebody or something removed rows of tgsession_chunks. Restore them from a backup, or delete the object.',
    })
  }

  #swept(key: string): UnreachableError {
    return new UnreachableError('store.unreachable', `${this.label}: parts of ${key} were lost on the way`, {
      hint: 'Nothing was changed. This happens to a process that was suspended for a day; try again.',
    })
  }
}

/** 0 where the body lies in the object's own row. */
function partsOf(version: string): number {
  return Number(VERSION.exec(version)?.[1] ?? 0)
}
