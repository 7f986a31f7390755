import { requireSqlite } from '../../sqlite/database.ts'
import { unlink } from 'node:fs/promises'
import path from 'node:path'
import { ConflictError, NoSessionError, UsageError } from '../../../base/errors.ts'
import { fileError } from '../../../base/file-errors.ts'
import { ANY_MS, checkNumbers } from '../../../base/number-option.ts'
import { openedBy } from '../../../base/held-open.ts'
import { writeFileAtomic } from '../../../base/write-file.ts'
import { type FileStamp, pendingSidecar, readStamped, stampOf } from '../../sqlite/read-file.ts'
import { type ChangeKind, type CoreOptions, SessionCore } from '../../core/session-core.ts'
import { SqliteStorage } from './storage.ts'
import { createTelethonFile, readTelethonFile } from './file.ts'

/** What `SQLiteSession` takes. */
export interface SQLiteSessionOptions extends CoreOptions {
  /** How long a change of the cache may wait for its save, in milliseconds. Default: 2000. */
  saveDelayMs?: number | undefined
  /** @internal Runs `save` after `ms` unless the returned function is called. Default: an unref'd `setTimeout`. */
  setTimer?: ((save: () => void, ms: number) => () => void) | undefined
}

const EXTENSION = '.session'
/** After a save that failed, unless something else saves before. */
const RETRY_MS = 30_000

/**
 * A session core whose rows lie in a Telethon file, on disk or only in memory. Saved in one step: at once after
 * an `auth` change, soon after a `cache` change, and at `close()`. There are no locks: a save fails if somebody else
 * changed the file (`ConflictError`, `session.changed_on_disk`) or, on Linux, has it open for writing
 * (`session.held_open`), and what could not be saved is tried again by the next save. A key that the client loses outside a login is not saved (see `SessionCore.isKeyLost`).
 */
export class SessionFile {
  readonly core: SessionCore
  /** Absolute; undefined for a session in memory. */
  readonly path: string | undefined
  readonly #delayMs: number
  readonly #setTimer: NonNullable<SQLiteSessionOptions['setTimer']>
  #storage: SqliteStorage | undefined
  #loading: Promise<void> | undefined
  #saving: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined
  #dirty = false
  #deleted = false
  #deleting: Promise<void> = Promise.resolve()
  #onDisk: FileStamp | undefined

  /** `name` as Telethon takes it: a path, to which '.session' is added if it does not end so. */
  constructor(name: string | undefined, options: SQLiteSessionOptions = {}) {
    this.core = new SessionCore(options)
    this.path = name ? path.resolve(name.endsWith(EXTENSION) ? name : name + EXTENSION) : undefined
    checkNumbers({ saveDelayMs: [options.saveDelayMs, ANY_MS] })
    this.#delayMs = options.saveDelayMs ?? 2000
    this.#setTimer = options.setTimer ?? unreferencedTimer
    this.core.onChange((kind) => this.#schedule(kind))
  }

  /** Opens the file, or makes it. Again after that: nothing, since clients load at every connect. After `delete()` it begins anew. */
  load(bytes?: Uint8Array): Promise<void> {
    if (this.#deleted && this.path !== undefined) this.#free()
    this.#loading ??= this.#open(bytes).catch((error: unknown) => {
      this.#free()
      throw error
    })
    return this.#loading
  }

  /** Writes what has changed since the last save, after any save that is still under way. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#write())
    // Clients call save() without awaiting it. A failure leaves the session dirty, so that close() meets it again.
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  /**
   * The session as a file, as the client sees it. So after a lost key (`core.isKeyLost`) these bytes hold none, or one
   * without a login: not to be put over bytes with a good one. The file on disk keeps the last good key.
   */
  async toBytes(): Promise<Uint8Array> {
    if (this.#storage !== undefined)
      return await this.#storage.export(this.core.isKeyLost ? this.core.auth : undefined)
    throw new UsageError('session.not_loaded', 'the session is not loaded', { hint: 'Await load() first.' })
  }

  /** Saves, then frees the memory; `load()` opens it again. A session in memory stays open: it has nowhere else to be. */
  async close(): Promise<void> {
    this.#stopTimer()
    if (this.path === undefined || this.#loading === undefined) return
    await this.#loading
    await this.save()
    // A change during the last write would be lost with the memory.
    if (this.#dirty && !this.#deleted) return this.close()
    this.#free()
  }

  /** Forgets the key and removes the file. It is not written again, whatever changes in memory. */
  delete(): Promise<void> {
    this.#stopTimer()
    this.#deleted = true
    const deleted = this.#remove()
    this.#deleting = deleted.catch(() => undefined)
    return deleted
  }

  async #open(given: Uint8Array | undefined): Promise<void> {
    this.#deleted = false
    await this.#deleting
    await requireSqlite()
    const found = given ? Uint8Array.from(given) : await this.#read()
    const file = found === undefined ? await createTelethonFile() : await readTelethonFile(found)
    try {
      this.#storage = new SqliteStorage(file)
    } catch (error) {
      file.db.close()
      throw error
    }
    this.core.attach(this.#storage)
    this.#dirty = found === undefined
    await this.#write()
  }

  async #remove(): Promise<void> {
    await Promise.allSettled([this.#loading, this.#saving])
    if (this.#storage !== undefined) this.core.forgetAuthKey()
    if (this.path === undefined) return
    try {
      await unlink(this.path)
    } catch (error) {
      const failure = fileError('read', this.path, error)
      if (!(failure instanceof NoSessionError)) throw fileError('write', this.path, error)
    }
  }

  #free(): void {
    this.core.detach()
    this.#storage?.close()
    this.#storage = undefined
    this.#loading = undefined
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.path === undefined) return undefined
    try {
      const { bytes, stamp } = await readStamped(this.path)
      this.#onDisk = stamp
      return bytes
    } catch (error) {
      if (!(error instanceof NoSessionError)) throw error
      this.#onDisk = undefined
      return undefined
    }
  }

  async #write(): Promise<void> {
    if (this.path === undefined || this.#storage === undefined || !this.#dirty || this.#deleted) return
    this.#stopTimer()
    this.#dirty = false
    try {
      const bytes = await this.#storage.export()
      await this.#refuseForeignChange(this.path)
      await writeFileAtomic(this.path, bytes)
      this.#onDisk = await stampOf(this.path)
    } catch (error) {
      this.#dirty = true
      this.#saveIn(RETRY_MS)
      throw error
    }
  }

  async #refuseForeignChange(file: string): Promise<void> {
    const now = await stampOf(file)
    const sidecar = await pendingSidecar(file)
    if (now === this.#onDisk && sidecar === undefined) return refuseWriter(file)
    const what = now === undefined ? 'removed' : 'changed by another program'
    throw new ConflictError('session.changed_on_disk', `${file} was ${what} since it was loaded`, {
      hint: 'Let one program at a time use a session. Close this one and load the file again.',
    })
  }

  #schedule(kind: ChangeKind): void {
    this.#dirty = true
    if (this.path === undefined || this.#deleted) return
    if (kind === 'auth') queueMicrotask(() => this.#saveInBackground())
    else this.#saveIn(this.#delayMs)
  }

  #saveIn(ms: number): void {
    this.#cancelTimer ??= this.#setTimer(() => this.#saveInBackground(), ms)
  }

  #saveInBackground(): void {
    this.#cancelTimer = undefined
    this.save().catch((error: unknown) => this.core.report(error))
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}

/** What it writes would go into the file that ours replaces, and be gone. */
function refuseWriter(file: string): void {
  const pid = openedBy([file], { writing: true })
  if (pid === undefined) return
  throw new ConflictError('session.held_open', `${file} is open for writing in another process (${pid})`, {
    hint: 'Let one program at a time use a session. End the other one; the next save tries again.',
  })
}

function unreferencedTimer(save: () => void, ms: number): () => void {
  const timer = setTimeout(save, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
