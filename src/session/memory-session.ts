import { GramSession } from './gramjs-session.ts'
import { MemoryStorage } from './memory-storage.ts'
import { type CoreOptions, SessionCore } from './session-core.ts'

/** A session for GramJS that lives as long as the process. */
export class MemorySession extends GramSession {
  constructor(options?: CoreOptions) {
    const core = new SessionCore(options)
    core.attach(new MemoryStorage())
    super(core)
  }

  override async load(): Promise<void> {}
  override async save(): Promise<void> {}
  override async close(): Promise<void> {}

  /** Forgets everything. */
  override async delete(): Promise<void> {
    this.core.setAuthKey(undefined)
    this.core.attach(new MemoryStorage())
  }
}
