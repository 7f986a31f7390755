import { type LeaseError, SaveFailedError, UsageError } from '../base/errors.ts'
import { checkNumbers, NO_END } from '../base/number-option.ts'
import { type CoreOptions, SessionCore } from '../session/core/session-core.ts'
import type { Fence } from './lease/fence.ts'
import { type Preload, readMisses, readRows } from './rows/read-rows.ts'
import { type Changes, SqlStorage } from './rows/sql-storage.ts'
import { WriteQueue } from './write-queue.ts'
import { writeApart } from './rows/write-apart.ts'
import { deleteRows, type RowsOf, writeRows } from './rows/write-rows.ts'

/** How a session's rows are read and written. */
export interface QueueOptions extends CoreOptions {
  /** Which entities `load()` reads. Others are read after the first look-up that misses them. Default: all. */
  preload?: Preload | undefined
  /** How long changes of the cache are gathered, in milliseconds. Default: 1000. The key is written at once. */
  flushDelayMs?: number | undefined
  /** Entities and sent files that may wait for a database that fails; more are kept in memory only. Default: 100000. */
  maxQueued?: number | undefined
}

const DEFAULT_PATIENCE_MS = 10_000

/**
 * A session core whose rows lie in a database: read at `load()`, answered from memory, written behind. Every
 * transaction begins with its fence, so that a holder that lost the lease writes nothing.
 */
export class QueuedSession {
  readonly id: string
  readonly core: SessionCore
  readonly #of: RowsOf
  readonly #ready: () => Promise<void>
  readonly #fence: Fence
  readonly #options: QueueOptions
  readonly #queue: WriteQueue
  #storage: SqlStorage | undefined
  #loading: Promise<void> | undefined
  #isLearning = false
  #reportedFull = false
  #deleted = false

  constructor(of: RowsOf, ready: () => Promise<void>, fence: Fence, options: QueueOptions) {
    this.id = of.id
    this.core = new SessionCore(options)
    this.#of = of
    this.#ready = ready
    this.#fence = fence
    this.#options = options
    this.#queue = new WriteQueue({
      clock: of.database.clock,
      delayMs: options.flushDelayMs ?? 1000,
      write: () => this.#write(),
      isPending: () => this.#storage !== undefined && this.#storage.queued > 0,
      onError: (error) => this.core.report(error),
    })
  }

  /** What the core works on, once it is loaded. Throws `UsageError` (`session.not_loaded`). */
  get storage(): SqlStorage {
    if (this.#storage !== undefined) return this.#storage
    throw new UsageError('session.not_loaded', 'the session is not loaded', { hint: 'Await load() first.' })
  }

  /** Again after the first time: nothing, since clients load at every connect. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** Throws `SaveFailedError` (`container.save_failed`) after `patienceMs`, and `LeaseError`. */
  flush(patienceMs = DEFAULT_PATIENCE_MS): Promise<void> {
    const flushed = this.#flush(patienceMs)
    // Clients call save() without awaiting it; what fails is tried again, and close() meets it.
    flushed.catch(() => undefined)
    return flushed
  }

  async #flush(patienceMs: number): Promise<void> {
    checkNumbers({ patienceMs: [patienceMs, NO_END] })
    if (this.#storage !== undefined) await this.#queue.flush(patienceMs)
  }

  /** Flushes, then frees the memory; `load()` opens it again. Throws as `flush()`, and stays open then. */
  async close(patienceMs = DEFAULT_PATIENCE_MS): Promise<void> {
    await this.#loading?.catch(() => undefined)
    do await this.flush(patienceMs)
    while ((this.#storage?.queued ?? 0) > 0)
    this.detach()
  }

  /** Frees the memory, written or not. */
  detach(): void {
    this.core.detach()
    this.#storage = undefined
    this.#loading = undefined
  }

  /** Removes the session's rows, after a logout. */
  async delete(): Promise<void> {
    await this.load()
    if (this.core.authKey() !== undefined) this.core.setAuthKey(undefined)
    await this.flush()
    // Clients go on for a while: nothing that they change from now on may bring it back.
    this.#deleted = true
    try {
      await this.#of.database.commit(async (db) => {
        await this.#fence.check(db)
        await deleteRows(this.#of, db)
      })
    } catch (error) {
      this.#deleted = false
      throw error
    }
  }

  /** Ends writing for good. */
  lose(reason: LeaseError): void {
    this.#queue.end(reason)
  }

  async #load(): Promise<void> {
    await this.#ready()
    await this.#fence.begin()
    const rows = await this.#of.database.run((db) => readRows(this.#of, db, this.#options.preload ?? 'all'))
    const storage = new SqlStorage({
      maxQueued: this.#options.maxQueued ?? 100_000,
      onDirty: (urgent) => this.#queue.wake(urgent),
      onMiss: () => this.#learnSoon(),
      onFull: () => this.#reportFull(),
    })
    storage.load(rows)
    this.#storage = storage
    this.core.attach(storage)
  }

  async #write(): Promise<boolean> {
    const storage = this.#storage
    const changes = storage?.takeChanges()
    if (storage === undefined || changes === undefined || this.#deleted) return false
    try {
      await writeApart(
        changes,
        (part) => this.#commit(part),
        (error) => this.core.report(error),
      )
    } catch (error) {
      storage.putBack(changes)
      throw error
    }
    storage.settled(changes)
    this.#reportedFull = false
    return true
  }

  async #commit(changes: Changes): Promise<void> {
    await this.#of.database.transaction(async (db) => {
      await this.#fence.check(db)
      await writeRows(this.#of, db, changes)
    })
  }

  #learnSoon(): void {
    if (this.#isLearning) return
    this.#isLearning = true
    // Not in the caller's turn: it may ask for more.
    queueMicrotask(() => void this.#learn())
  }

  async #learn(): Promise<void> {
    for (
      let misses = this.#storage?.takeMisses();
      misses !== undefined;
      misses = this.#storage?.takeMisses()
    ) {
      const asked = misses
      try {
        const found = await this.#of.database.run((db) => readMisses(this.#of, db, asked))
        this.#storage?.learn(asked, found)
      } catch (error) {
        this.#storage?.forget(asked)
        this.core.report(error)
      }
    }
    this.#isLearning = false
  }

  #reportFull(): void {
    if (this.#reportedFull) return
    this.#reportedFull = true
    const message = `too many changes of the session ${this.id} wait for the database; new peers are not kept`
    this.core.report(
      new SaveFailedError('container.queue_full', message, {
        hint: 'See why the database fails. The key and the update state are kept all the same.',
      }),
    )
  }
}
