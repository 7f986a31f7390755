import { type Compilable, sql } from 'kysely'
import type { SqlRunner } from './runner.ts'
import type { StoreOptions } from '../store.ts'

const PARTS_PER_READ = 4
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000

/**
 * The parts of large bodies. They are written under the version of an object that is not there yet, and so are seen by
 * nobody before one UPDATE or INSERT of the object's row names that version.
 */
export class SqlChunks {
  readonly #runner: SqlRunner
  readonly #now: () => number
  #swept = false

  constructor(runner: SqlRunner, now: () => number) {
    this.#runner = runner
    this.#now = now
  }

  async write(version: string, bytes: Uint8Array, partBytes: number, options: StoreOptions): Promise<void> {
    for (let start = 0; start < bytes.length; start += partBytes) {
      const body = bytes.subarray(start, start + partBytes)
      const part = { version, number: start / partBytes, written_ms: this.#now(), body }
      const insert = this.#runner.db.insertInto('tgsession_chunks').values(part)
      await this.#runner.run(
        this.#runner.kind !== 'mysql' ? insert.onConflict((on) => on.doNothing()) : insert,
        options,
      )
      options.onProgress?.(start + body.length, bytes.length)
    }
  }

  /** How many parts are there: after a day's suspension a writer finds its own swept away. */
  async count(version: string, options: StoreOptions): Promise<number> {
    const query = this.#runner.db
      .selectFrom('tgsession_chunks')
      .select((of) => of.fn.countAll<number | string>().as('parts'))
      .where('version', '=', version)
    const { rows } = await this.#runner.run(query, options)
    return Number(rows[0]?.parts ?? 0)
  }

  /** Null if they are not all there. */
  async read(version: string, size: number, options: StoreOptions): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(size)
    let done = 0
    for (let first = 0; done < size; first += PARTS_PER_READ) {
      const query = this.#runner.db
        .selectFrom('tgsession_chunks')
        .select(['number', 'body'])
        .where('version', '=', version)
        .where('number', '>=', first)
        .where('number', '<', first + PARTS_PER_READ)
        .orderBy('number')
      const { rows } = await this.#runner.run(query, options)
      if (rows.length === 0) return null
      for (const [index, { number, body }] of rows.entries()) {
        if (number !== first + index || done + body.length > size) return null
        bytes.set(body, done)
        done += body.length
      }
      options.onProgress?.(done, size)
    }
    return bytes
  }

  /** Housekeeping after a success: what fails here is left to a later sweep. */
  async remove(version: string, options: StoreOptions): Promise<void> {
    await this.#tidy(this.#runner.db.deleteFrom('tgsession_chunks').where('version', '=', version), options)
  }

  /** Once per client: removes what writers left who ended or failed before they were done, a day ago or more. */
  async sweep(options: StoreOptions): Promise<void> {
    if (this.#swept) return
    this.#swept = true
    const query = this.#runner.db
      .selectFrom('tgsession_chunks')
      .select('version')
      .where('number', '=', 0)
      .where('written_ms', '<', this.#now() - LEFTOVER_AGE_MS)
      .where((of) =>
        of.not(
          of.exists(
            of
              .selectFrom('tgsession_objects')
              .select(sql.lit(1).as('one'))
              .whereRef('tgsession_objects.version', '=', 'tgsession_chunks.version'),
          ),
        ),
      )
    for (const { version } of await this.#tidy(query, options)) await this.remove(version, options)
  }

  async #tidy<Row>(query: Compilable<Row>, options: StoreOptions): Promise<Row[]> {
    try {
      return (await this.#runner.run(query, options, 1)).rows
    } catch {
      return []
    }
  }
}
