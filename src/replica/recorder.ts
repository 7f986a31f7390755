import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { probeConditions } from '../store/probe.ts'
import type { ObjectStore, StoreOptions } from '../store/store.ts'
import { NumberTaken, type Pruned, quarantine } from './changes.ts'
import { type Head, nextRevision, refersTo, type Revision } from './head.ts'
import type { ChangeOptions, HeadChange, HeadFile } from './head-file.ts'
import { type Revisions, sha256, type Verified } from './revisions.ts'

export interface RecorderOptions {
  store: ObjectStore
  head: HeadFile
  revisions: Revisions
  /** Who writes, for people. */
  label: string
  clock: Clock
  /** Told of what failed without harm: an old revision that could not be removed. */
  onWarning?: ((error: unknown) => void) | undefined
}

/** `patienceMs` is for each change of the head; what limits the upload is `signal`. */
export type RecordOptions = StoreOptions & ChangeOptions

const PATIENCE_MS = 30_000

/** Puts revisions into the store and their names into the head: in this order, and under numbers of their own. */
export class Recorder {
  readonly #options: RecorderOptions
  #swept = false

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Returns the head that has the change. */
  async change(change: HeadChange, { signal, patienceMs = PATIENCE_MS }: ChangeOptions = {}): Promise<Head> {
    return await this.#options.head.change(change, { signal, patienceMs })
  }

  /** Uploads the revision first, then makes the change that names it, then removes what nothing names any more. */
  async record(
    bytes: Uint8Array,
    verified: Verified,
    changeFor: (revision: Revision, nowMs: number, pruned: Pruned) => HeadChange,
    options: RecordOptions = {},
  ): Promise<Revision> {
    const { head, revisions, label, clock } = this.#options
    for (;;) {
      const number = nextRevision(await head.read(options))
      const nowMs = clock.wall()
      const about = { revision: number, savedAt: new Date(nowMs).toISOString(), savedBy: label, ...verified }
      const revision = await revisions.put(bytes, about, options)
      const pruned: Pruned = { dropped: [] }
      try {
        const written = await this.change(changeFor(revision, nowMs, pruned), options)
        await this.#remove(pruned.dropped, options)
        if (pruned.dropped.length > 0) await this.#sweep(written, pruned.dropped, options)
        return revision
      } catch (error) {
        if (!(error instanceof NumberTaken)) throw error
        // Without encryption equal bytes have equal names: another may have named this very object.
        if (!refersTo(await head.read(options), revision.objectKey)) await this.#remove([revision], options)
      }
    }
  }

  /** Keeps a session that must not be served. `check` throws where the writer has lost the right to. */
  async quarantine(
    bytes: Uint8Array,
    verified: Verified,
    reason: string,
    check: (head: Head) => void = () => undefined,
    options: RecordOptions = {},
  ): Promise<Revision> {
    const head = await this.#options.head.read(options)
    check(head)
    // Whoever pushes the same wrong file every hour must not drive out the others.
    const known = head.quarantined.find((entry) => entry.sha256 === sha256(bytes))
    if (known) return known
    const changeFor = (revision: Revision, _nowMs: number, pruned: Pruned): HeadChange => {
      const change = quarantine(revision, reason, pruned)
      const apply = (latest: Head): Head => {
        check(latest)
        return change.apply(latest)
      }
      return { ...change, apply }
    }
    return await this.record(bytes, verified, changeFor, options)
  }

  /** Refuses a store that does not honour conditions; asks once, the head remembers the answer. */
  async prove(seen: Head): Promise<void> {
    if (typeof seen.provenAt === 'string') return
    await probeConditions(this.#options.store, { suffix: randomUUID() })
    const provenAt = new Date(this.#options.clock.wall()).toISOString()
    await this.change({
      apply: (head) => ({ ...head, provenAt }),
      landed: (head) => typeof head.provenAt === 'string',
    })
  }

  /**
   * Once in a process: removes what a crash between an upload and its head left behind. Only below the oldest number
   * that is kept: an upload under way has a higher one.
   */
  async #sweep(head: Head, removed: readonly Revision[], options: StoreOptions): Promise<void> {
    if (this.#swept) return
    this.#swept = true
    const kept = [head.current, ...head.history].flatMap((entry) => entry?.revision ?? [])
    const oldest = Math.min(...kept)
    const orphans: { objectKey: string }[] = []
    try {
      for await (const { key, number } of this.#options.revisions.list(options))
        if (number < oldest && !refersTo(head, key) && !removed.some((one) => one.objectKey === key))
          orphans.push({ objectKey: key })
    } catch (error) {
      options.signal?.throwIfAborted()
      this.#options.onWarning?.(error)
    }
    await this.#remove(orphans, options)
  }

  async #remove(objects: readonly { objectKey: string }[], options: StoreOptions): Promise<void> {
    for (const { objectKey } of objects) {
      try {
        await this.#options.revisions.remove(objectKey, { signal: options.signal })
      } catch (error) {
        this.#options.onWarning?.(error)
      }
    }
  }
}
