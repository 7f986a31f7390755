import type { LeaseRecord } from './record.ts'

/**
 * The newest state of a lease's record that this process has seen. A store that was restored from a backup, or that
 * failed over to a copy which lags, shows an older one: then somebody may hold the lease of whom it knows nothing.
 */
export class SeenRecord {
  #newest: LeaseRecord = { generation: 0, holder: null }

  /** The highest generation that was seen: the next one is above it. */
  get generation(): number {
    return this.#newest.generation
  }

  /** Milliseconds for which the newest holder lives without a renewal; 0 if nobody held it. */
  get ttlMs(): number {
    return this.#newest.holder?.ttlMs ?? 0
  }

  isOlder(record: LeaseRecord): boolean {
    return record.generation < this.#newest.generation
  }

  see(record: LeaseRecord): void {
    if (!this.isOlder(record)) this.#newest = record
  }
}
