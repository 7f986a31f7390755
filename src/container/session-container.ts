import { randomUUID } from 'node:crypto'
import os from 'node:os'
import { systemClock } from '../clock.ts'
import { ConflictError, LeaseError, NoSessionError, UsageError } from '../errors.ts'
import { type Holder, type Lease, takeLease } from '../replica/lease.ts'
import { parseSqlUrl } from '../store/sql-location.ts'
import { connect } from './connect.ts'
import type { ContainerOptions, OpenOptions, TransferOptions } from './container-options.ts'
import { Database } from './database.ts'
import { type Fence, held, leaseFence, openFence } from './fence.ts'
import { KeySeal } from './key-seal.ts'
import { LeaseRow } from './lease-row.ts'
import { checkTables, manageTables } from './manage-tables.ts'
import { OpenedSession } from './opened-session.ts'
import { QueuedSession, type QueueOptions } from './queued-session.ts'
import { readRows } from './read-rows.ts'
import { checkId, checkPrefix } from './schema.ts'
import type { AnyKysely } from './sql-kind.ts'
import { readSource, type SessionSource } from './read-source.ts'
import { telethonFile } from './telethon-bytes.ts'
import { deleteRows, type RowsOf, writeRows } from './write-rows.ts'

/**
 * Many sessions in one SQL database. The classes for each client library are thin subclasses of this one.
 * Every method throws, beside what it names: `UnreachableError` (`container.unreachable`), `ForbiddenError`,
 * `ConfigurationError` (`container.no_tables`) and `BadDataError` (`container.too_new`) for the tables.
 */
export abstract class SessionContainer<Session> {
  readonly #database: Database
  readonly #seal: KeySeal
  readonly #options: ContainerOptions
  readonly #ownsDatabase: boolean
  readonly #open = new Set<OpenedSession<Session>>()
  #preparing: Promise<void> | undefined

  /**
   * `where`: a URL (`postgres://…`, `mysql://…`, `sqlite:path`) or `{ db }` with a Kysely instance of your own, whose
   * pool and life stay yours. Nothing is asked of the database yet. Throws `ConfigurationError`: `store.bad_url`,
   * `container.bad_prefix`, `container.no_key`, `container.bad_key`, `container.unknown_dialect`.
   */
  constructor(where: string | { db: AnyKysely }, options: ContainerOptions = {}) {
    this.#options = options
    this.#seal = new KeySeal(options.key, options.plainKeys ?? false)
    const tablePrefix = checkPrefix(options.tablePrefix ?? '')
    const clock = options.clock ?? systemClock
    this.#ownsDatabase = typeof where === 'string'
    if (typeof where === 'string') {
      const location = parseSqlUrl(where, options.cwd ?? '.')
      this.#database = new Database(connect(location), { tablePrefix, label: location.label, clock })
    } else this.#database = new Database(where.db, { tablePrefix, label: 'the database', clock })
  }

  protected abstract wrap(queued: QueuedSession): Session

  /**
   * A session without a lease, as in Telethon's container, for programs that see to it by themselves that only one
   * uses it. It refuses to load, and to write, while somebody holds the session by `open`. Load it before use.
   */
  newSession(id: string = randomUUID(), options: QueueOptions = {}): Session {
    return this.wrap(this.#queued(id, openFence(this.#database, checkId(id)), options))
  }

  /** Waits for the session's lease, takes it, and loads the session, which need not be there yet. */
  async open(id: string, options: OpenOptions = {}): Promise<OpenedSession<Session>> {
    const lease = await this.#take(id, options)
    try {
      const queued = this.#queued(id, leaseFence(this.#database, id, lease), options)
      lease.signal.addEventListener('abort', () => {
        const { reason } = lease.signal
        // What is only late may still be written: the fence knows.
        if (reason instanceof LeaseError && reason.code === 'lease.lost') queued.lose(reason)
      })
      await queued.load()
      const opened: OpenedSession<Session> = new OpenedSession(this.wrap(queued), queued, lease, () =>
        this.#open.delete(opened),
      )
      this.#open.add(opened)
      return opened
    } catch (error) {
      await lease.release().catch(() => undefined)
      throw error
    }
  }

  /** Whether somebody has logged in with it: a row without a key does not count. */
  async hasSession(id: string): Promise<boolean> {
    checkId(id)
    return (await this.#ids(id)).includes(id)
  }

  /** The ids of all sessions that somebody has logged in with, in order. */
  async listSessions(): Promise<string[]> {
    return (await this.#ids()).toSorted((a, b) => (a < b ? -1 : 1))
  }

  /**
   * Removes a session's rows; nothing happens where there are none. Waits for a holder that gives no sign of life, and
   * throws `LeaseError` (`lease.held`) for one that does.
   */
  async deleteSession(id: string, options: Pick<TransferOptions, 'signal'> = {}): Promise<void> {
    await this.#exclusively(id, options.signal, async (of, fence) => {
      await this.#database.commit(async (db) => {
        await fence.check(db)
        await deleteRows(of, db)
      })
    })
  }

  /**
   * Puts a session into the container: one of ours, the bytes of any session file, or a session string. Never connect
   * with both: Telegram kills the key. Throws `ConflictError` (`container.exists`) where there is one with a key, unless
   * `replace`; `BadDataError` for what is no session, or has no key; `LeaseError` (`lease.held`).
   */
  async copySession(
    source: SessionSource,
    id: string,
    options: { replace?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const changes = await readSource(source)
    await this.#exclusively(id, options.signal, async (of, fence) => {
      if (!(options.replace ?? false) && (await this.hasSession(id)))
        throw new ConflictError('container.exists', `the container has a session ${id} already`, {
          hint: 'Choose another id, or replace it on purpose.',
        })
      await this.#database.commit(async (db) => {
        await fence.check(db)
        await deleteRows(of, db)
        await writeRows(of, db, changes)
      })
    })
  }

  /**
   * The session as a Telethon file; a secret. Throws `NoSessionError` (`container.no_session`), and `LeaseError`
   * (`lease.held`) while somebody uses it, unless `copy`: connecting with the copy then kills both.
   */
  async exportSession(
    id: string,
    options: { copy?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<Uint8Array> {
    const read = async (of: RowsOf): Promise<Uint8Array> => {
      const rows = await this.#database.run((db) => readRows(of, db, 'all'), options.signal)
      if (rows.auth.authKey !== undefined) return await telethonFile(rows)
      throw new NoSessionError('container.no_session', `the container has no session ${id} with a key`, {
        hint: 'listSessions() gives those that it has.',
      })
    }
    if (!(options.copy ?? false)) return await this.#exclusively(id, options.signal, read)
    await this.#prepare()
    return await read(this.#rowsOf(id))
  }

  /** Puts in many, one after another; a failure is told to `onProgress` and does not end it. Gives the ids that went in. */
  async importSessions(
    sources:
      | Iterable<readonly [id: string, source: SessionSource]>
      | AsyncIterable<readonly [id: string, source: SessionSource]>,
    options: TransferOptions & { replace?: boolean | undefined } = {},
  ): Promise<string[]> {
    const imported: string[] = []
    let done = 0
    for await (const [id, source] of sources) {
      options.signal?.throwIfAborted()
      const error = await failureOf(() => this.copySession(source, id, options))
      options.signal?.throwIfAborted()
      if (error === undefined) imported.push(id)
      options.onProgress?.({ id, done: ++done, error })
    }
    return imported
  }

  /** All sessions (or those named) as Telethon files, one after another; one that fails is told to `onProgress`. */
  async *exportSessions(
    options: TransferOptions & { ids?: readonly string[] | undefined; copy?: boolean | undefined } = {},
  ): AsyncGenerator<[id: string, bytes: Uint8Array]> {
    let done = 0
    for (const id of options.ids ?? (await this.listSessions())) {
      options.signal?.throwIfAborted()
      let bytes: Uint8Array | undefined
      const error = await failureOf(async () => {
        bytes = await this.exportSession(id, options)
      })
      options.signal?.throwIfAborted()
      if (bytes !== undefined) yield [id, bytes]
      options.onProgress?.({ id, done: ++done, error })
    }
  }

  /**
   * Closes what `open` gave and is open yet, then the pool, unless the Kysely instance is yours. Sessions of
   * `newSession` are closed by whoever made them, before. Throws an `AggregateError` of what failed.
   */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#open].map((opened) => opened.close()))
    if (this.#ownsDatabase) await this.#database.close()
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} sessions were not closed in order`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #queued(id: string, fence: Fence, options: QueueOptions): QueuedSession {
    const { saveEntities, onError, now, preload, flushDelayMs, maxQueued } = this.#options
    const ours = { saveEntities, onError, now, preload, flushDelayMs, maxQueued }
    return new QueuedSession(this.#rowsOf(id), () => this.#prepare(), fence, { ...ours, ...options })
  }

  #rowsOf(id: string): RowsOf {
    return { database: this.#database, seal: this.#seal, id: checkId(id) }
  }

  /** Once; again after a failure. */
  #prepare(): Promise<void> {
    const prepare = (this.#options.manageTables ?? true) ? manageTables : checkTables
    this.#preparing ??= prepare(this.#database).catch((error: unknown) => {
      this.#preparing = undefined
      throw error
    })
    return this.#preparing
  }

  async #take(
    id: string,
    options: OpenOptions & { stillWanted?: ((holder: Holder | null) => boolean) | undefined },
  ): Promise<Lease> {
    checkId(id)
    if ([...this.#open].some((opened) => opened.id === id))
      throw new UsageError('container.open_already', `this container has opened ${id} already`, {
        hint: 'Use the session that is open, or close it first.',
      })
    await this.#prepare()
    const { stillWanted } = options
    return await takeLease(new LeaseRow(this.#database, id), {
      label: this.#options.label ?? os.hostname(),
      clock: this.#database.clock,
      ttlMs: this.#options.ttlMs ?? 45_000,
      signal: options.signal,
      onWaiting: options.onWaiting,
      ...(stillWanted && { stillWanted: ({ holder }) => stillWanted(holder) }),
    })
  }

  /** Under the lease, without waiting for a holder that lives. */
  async #exclusively<T>(
    id: string,
    signal: AbortSignal | undefined,
    work: (of: RowsOf, fence: Fence) => Promise<T>,
  ): Promise<T> {
    let first: Holder | undefined
    let living: Holder | undefined
    const stillWanted = (holder: Holder | null): boolean => {
      if (holder === null) return true
      first ??= holder
      if (first.id !== holder.id || first.beat !== holder.beat) living = holder
      return living === undefined
    }
    let lease: Lease
    try {
      lease = await this.#take(id, { signal, stillWanted })
    } catch (error) {
      throw living === undefined ? error : held(id, living.label)
    }
    try {
      return await work(this.#rowsOf(id), leaseFence(this.#database, id, lease))
    } finally {
      await lease.release()
    }
  }

  async #ids(id?: string): Promise<string[]> {
    await this.#prepare()
    const rows = await this.#database.run((db) => {
      const all = db.selectFrom('sessions').select(['session_id', 'auth_key'])
      return (id === undefined ? all : all.where('session_id', '=', id)).execute()
    })
    const withKey = rows.filter(({ auth_key: key }) => key !== null && key.length > 0)
    return [...new Set(withKey.map((row) => row.session_id))]
  }
}

async function failureOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
