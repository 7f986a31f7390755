import { BaseSession } from './base-session.ts'
import { MemoryStorage } from '../../session/core/memory-storage.ts'
import { type CoreOptions, SessionCore } from '../../session/core/session-core.ts'
import { cloneOf } from '../../session/core/memory-clone.ts'
import type { SessionStorage } from '../../session/core/storage.ts'

/** What `MemorySession` takes. */
export interface MemorySessionOptions extends CoreOptions {
  /** Where the rows lie. Default: plain maps, gone with the process. */
  storage?: SessionStorage | undefined
}

/**
 * A session for GramJS that lives as long as the process, or as long as the storage that is given to it.
 * Subclass it where a storage has to be opened in `load()` or written in `save()`.
 *
 * @example
 * ```ts
 * import { MemorySession } from 'tgsession/gramjs'
 * import { OwnStorage } from './own-storage.ts'
 *
 * const session = new MemorySession({ storage: new OwnStorage('bot.db') })
 * ```
 */
export class MemorySession extends BaseSession {
  #storage: SessionStorage

  /** Ready at once: its `load()` does nothing. */
  constructor(options: MemorySessionOptions = {}) {
    const { storage = new MemoryStorage() } = options
    const core = new SessionCore(options)
    core.attach(storage)
    super(core)
    this.#storage = storage
  }

  override async load(): Promise<void> {}
  override async save(): Promise<void> {}
  override async close(): Promise<void> {}

  /** Forgets the key; and everything, unless it lies in a storage of your own. */
  override async delete(): Promise<void> {
    this.core.forgetAuthKey()
    if (!(this.#storage instanceof MemoryStorage)) return
    this.#storage = new MemoryStorage()
    this.core.attach(this.#storage)
  }

  /**
   * A copy with the same key and rows, from now on apart from this one. Never connect with both: Telegram kills the key.
   * Throws `UsageError` (`session.cannot_clone`) over a storage of your own.
   */
  clone(): MemorySession {
    return new MemorySession({ storage: cloneOf(this.#storage), saveEntities: this.saveEntities })
  }
}
