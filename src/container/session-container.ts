import { randomUUID } from 'node:crypto'
import { ConflictError, LeaseError, NoSessionError } from '../base/errors.ts'
import { ANY_MS, checkNumbers } from '../base/number-option.ts'
import type { Lease } from '../lease/lease.ts'
import { keyFingerprint } from '../session/inspect.ts'
import { Access } from './access.ts'
import type {
  ContainerOptions,
  CopyOptions,
  ExportOptions,
  OpenOptions,
  TransferOptions,
} from './container-options.ts'
import { type Fence, leaseFence, openFence } from './lease/fence.ts'
import { LeaseRow } from './lease/lease-row.ts'
import { HeldSession } from './held-session.ts'
import { QueuedSession, type QueueOptions } from './queued-session.ts'
import { claimKey, refuseDead } from './rows/claim-key.ts'
import { readRows } from './rows/read-rows.ts'
import { type DeadReason, putInPlace, readStored, stampDead, type StoredSession } from './rows/stored.ts'
import { readSource, type SessionSource } from './transfer/read-source.ts'
import { checkId } from './tables/schema.ts'
import type { AnyKysely } from '../sql/kind.ts'
import { telethonFile } from './rows/telethon-bytes.ts'
import { exportAll, importAll } from './transfer/transfer.ts'
import type { Changes } from './rows/sql-storage.ts'
import { writeApart } from './rows/write-apart.ts'
import { deleteRows, type RowsOf, writeRows } from './rows/write-rows.ts'

/**
 * Many sessions in one SQL database. The classes for each client library are thin subclasses of this one.
 * Every method throws, beside what it names: `UnreachableError` (`container.unreachable`), `ForbiddenError`,
 * `ConfigurationError` (`container.no_tables`) and `BadDataError` (`container.too_new`) for the tables.
 */
export abstract class SessionContainer<Session, Opened extends { close(): Promise<void> }> {
  readonly #access: Access
  readonly #options: ContainerOptions

  /**
   * `where`: a URL (`postgres://…`, `mysql://…`, `sqlite:path`) or `{ db }` with a Kysely instance of your own, whose
   * pool and life stay yours. Nothing is asked of the database yet. Throws `ConfigurationError`: `store.bad_url`,
   * `container.bad_prefix`, `container.no_key`, `container.bad_key`, `container.unknown_dialect`.
   */
  constructor(where: string | { db: AnyKysely }, options: ContainerOptions = {}) {
    checkQueue(options)
    this.#options = options
    this.#access = new Access(where, options)
  }

  /** @internal */
  protected abstract wrap(queued: QueuedSession): Session
  /** @internal */
  protected abstract opened(held: HeldSession, options: OpenOptions): Opened

  /**
   * A session without a lease, as in Telethon's container, for programs that see to it by themselves that only one
   * uses it. It refuses to load, and to write, while somebody holds the session by `open`. Load it before use.
   */
  newSession(id: string = randomUUID(), options: QueueOptions = {}): Session {
    checkQueue(options)
    return this.wrap(this.#queued(id, openFence(this.#access.database, checkId(id)), options))
  }

  /**
   * Waits for the session's lease, takes it, and loads the session, which need not be there yet.
   * @throws UsageError `container.open_already` if this container has it open
   * @throws NoSessionError `session.dead` if Telegram has ended its auth key
   * @throws RefusedError `session.dead_key` if another id has found that out; ConflictError `session.claimed` if another
   *   id has it, too
   */
  async open(id: string, options: OpenOptions = {}): Promise<Opened> {
    checkQueue(options)
    const { opened, database } = this.#access
    const lease = await this.#access.take(id, options)
    try {
      const queued = this.#queued(id, leaseFence(database, id, lease), options)
      lease.signal.addEventListener('abort', () => {
        const { reason } = lease.signal
        // What is only late may still be written: the fence knows.
        if (reason instanceof LeaseError && reason.code === 'lease.lost') queued.lose(reason)
      })
      await queued.load()
      await this.#refuseDead(queued)
      const held = new HeldSession({
        session: queued,
        lease,
        markDead: (reason) => this.#markDead(queued, lease, reason),
        onClosed: () => opened.delete(id),
      })
      const session = this.opened(held, options)
      opened.set(id, session)
      return session
    } catch (error) {
      await lease.release().catch(() => undefined)
      throw error
    }
  }

  /** Whether somebody has logged in with it: a row without a key does not count. */
  async hasSession(id: string): Promise<boolean> {
    return (await this.#access.keys(checkId(id))).has(id)
  }

  /** The ids of all sessions that somebody has logged in with, in order. */
  async listSessions(): Promise<string[]> {
    return [...(await this.#access.keys()).keys()].toSorted((a, b) => (a < b ? -1 : 1))
  }

  /**
   * Whose session it is, and who uses it; null if nobody has logged in with it.
   * @throws BadDataError `container.wrong_key`, `container.damaged_key` if the auth key cannot be read
   */
  async describeSession(
    id: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<StoredSession | null> {
    const { database } = this.#access
    const of = this.#access.rowsOf(id)
    await this.#access.prepare()
    const stored = await database.run((db) => readStored(of, db), options.signal)
    if (stored === null) return null
    const { holder } = await new LeaseRow(database, id).read({ ...options, patienceMs: 10_000 })
    return { ...stored, holder: holder && { label: holder.label, since: holder.since } }
  }

  /**
   * Removes a session's rows; nothing happens where there are none. Waits for a holder that gives no sign of life, and
   * throws `LeaseError` (`lease.held`) for one that does.
   */
  async deleteSession(id: string, options: Pick<OpenOptions, 'signal' | 'onWaiting'> = {}): Promise<void> {
    await this.#access.exclusively(id, options, async (of, fence) => {
      await of.database.commit(async (db) => {
        await fence.check(db)
        await deleteRows(of, db)
      })
    })
  }

  /**
   * Puts a session into the container: one of ours, the bytes of any session file, or a session string. Never connect
   * with both: Telegram kills the key. Throws `ConflictError`: `container.exists` where there is one with a key, unless
   * `replace`; `session.claimed` where another id has this auth key; `BadDataError` for what is no session, or has no key; `RefusedError` (`session.dead_key`) for the key that
   * Telegram has ended; `LeaseError` (`lease.held`).
   */
  async copySession(source: SessionSource, id: string, options: CopyOptions = {}): Promise<void> {
    const changes = await readSource(source)
    await this.#access.exclusively(id, options, async (of, fence) => {
      if (!(options.replace ?? false) && (await this.hasSession(id)))
        throw new ConflictError('container.exists', `the container has a session ${id} already`, {
          hint: 'Choose another id, or replace it on purpose.',
        })
      const commit = async (part: Changes): Promise<void> =>
        of.database.commit(async (db) => {
          await fence.check(db)
          // What is left out comes after the key, beside what stands there then.
          await (part.auth === undefined ? writeRows : putInPlace)(of, db, part)
        })
      await writeApart(changes, commit, this.#options.onError ?? ((error) => process.emitWarning(error)))
    })
  }

  /**
   * The session as a Telethon file; a secret. Throws `NoSessionError` (`container.no_session`), and `LeaseError`
   * (`lease.held`) while somebody uses it, unless `copy`: connecting with the copy then kills both.
   */
  async exportSession(id: string, options: ExportOptions = {}): Promise<Uint8Array> {
    const read = async (of: RowsOf): Promise<Uint8Array> => {
      const rows = await of.database.run((db) => readRows(of, db, 'all'), options.signal)
      if (rows.auth.authKey !== undefined) return await telethonFile(rows)
      throw new NoSessionError('container.no_session', `the container has no session ${id} with a key`, {
        hint: 'listSessions() gives those that it has.',
      })
    }
    if (!(options.copy ?? false)) return await this.#access.exclusively(id, options, read)
    await this.#access.prepare()
    return await read(this.#access.rowsOf(id))
  }

  /** How messages name the database: no user, no password. */
  get label(): string {
    return this.#access.database.label
  }

  /** Puts in many, one after another; a failure is told to `onProgress` and does not end it. Gives the ids that went in. */
  async importSessions(
    sources:
      | Iterable<readonly [id: string, source: SessionSource]>
      | AsyncIterable<readonly [id: string, source: SessionSource]>,
    options: TransferOptions & CopyOptions = {},
  ): Promise<string[]> {
    return await importAll(sources, (source, id) => this.copySession(source, id, options), options)
  }

  /** All sessions (or those named) as Telethon files, one after another; one that fails is told to `onProgress`. */
  async *exportSessions(
    options: TransferOptions & ExportOptions & { ids?: readonly string[] | undefined } = {},
  ): AsyncGenerator<[id: string, bytes: Uint8Array]> {
    const ids = options.ids ?? (await this.listSessions())
    yield* exportAll(ids, (id) => this.exportSession(id, options), options)
  }

  /**
   * Closes what `open` gave and is open yet, then the pool, unless the Kysely instance is yours. Sessions of
   * `newSession` are closed by whoever made them, before. Throws an `AggregateError` of what failed.
   */
  async close(): Promise<void> {
    await this.#access.close()
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** A dead key is never connected again, nor one that another id has. */
  async #refuseDead({ id, core }: QueuedSession): Promise<void> {
    const key = core.authKey()
    if (key === undefined) return
    const { database } = this.#access
    const stored = await database.run((db) => readStored(this.#access.rowsOf(id), db))
    if (stored === null) return
    if (stored.dead === null) {
      const of = this.#access.rowsOf(id)
      return await database.commit(async (db) => {
        await refuseDead(of, db, key)
        await claimKey(of, db, key)
      })
    }
    const message = `Telegram does not accept the auth key of ${id} any more (${stored.dead})`
    throw new NoSessionError('session.dead', message, {
      hint: 'Delete the session and log in again, or import another with replace.',
    })
  }

  async #markDead({ id, core }: QueuedSession, lease: Lease, reason: DeadReason): Promise<void> {
    const key = core.authKey()
    if (key === undefined) return
    const { database } = this.#access
    const fence = leaseFence(database, id, lease)
    await database.commit(async (db) => {
      await fence.check(db)
      await stampDead(this.#access.rowsOf(id), db, keyFingerprint(key), reason)
    })
  }

  #queued(id: string, fence: Fence, options: QueueOptions): QueuedSession {
    const { saveEntities, onError, clock, preload, flushDelayMs, maxQueued } = this.#options
    const ours = { saveEntities, onError, clock, preload, flushDelayMs, maxQueued }
    return new QueuedSession(this.#access.rowsOf(id), () => this.#access.prepare(), fence, {
      ...ours,
      ...options,
    })
  }
}

function checkQueue({ flushDelayMs, maxQueued, preload }: QueueOptions): void {
  checkNumbers({
    flushDelayMs: [flushDelayMs, ANY_MS],
    maxQueued: [maxQueued, { min: 0, max: Infinity }],
    preload: [typeof preload === 'string' ? undefined : preload, { min: 0, max: Infinity }],
  })
}
