import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { probeConditions } from '../store/probe.ts'
import type { ObjectStore } from '../store/store.ts'
import { NumberTaken, type Pruned, setAside } from './changes.ts'
import { type Head, nextRevision, refersTo, type Revision } from './head.ts'
import type { HeadChange, HeadFile } from './head-file.ts'
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

const PATIENCE_MS = 30_000

/** Puts revisions into the store and their names into the head: in this order, and under numbers of their own. */
export class Recorder {
  readonly #options: RecorderOptions

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  async change(change: HeadChange): Promise<void> {
    await this.#options.head.change(change, { patienceMs: PATIENCE_MS })
  }

  /** Uploads the revision first, then makes the change that names it, then removes what nothing names any more. */
  async record(
    bytes: Uint8Array,
    verified: Verified,
    changeFor: (revision: Revision, nowMs: number, pruned: Pruned) => HeadChange,
  ): Promise<Revision> {
    const { head, revisions, label, clock } = this.#options
    for (;;) {
      const number = nextRevision(await head.read())
      const nowMs = clock.wall()
      const about = { revision: number, savedAt: new Date(nowMs).toISOString(), savedBy: label, ...verified }
      const revision = await revisions.put(bytes, about)
      const pruned: Pruned = { dropped: [] }
      try {
        await this.change(changeFor(revision, nowMs, pruned))
        await this.#remove(pruned.dropped)
        return revision
      } catch (error) {
        if (!(error instanceof NumberTaken)) throw error
        // Without encryption equal bytes have equal names: another may have named this very object.
        if (!refersTo(await head.read(), revision.key)) await this.#remove([revision])
      }
    }
  }

  /** Keeps a session that must not be served. `check` throws where the writer has lost the right to. */
  async setAside(
    bytes: Uint8Array,
    verified: Verified,
    reason: string,
    check: (head: Head) => void = () => undefined,
  ): Promise<Revision> {
    const head = await this.#options.head.read()
    check(head)
    // Whoever pushes the same wrong file every hour must not drive out the others.
    const known = head.aside.find((entry) => entry.sha256 === sha256(bytes))
    if (known) return known
    return await this.record(bytes, verified, (revision, _nowMs, pruned) => {
      const change = setAside(revision, reason, pruned)
      const apply = (latest: Head): Head => {
        check(latest)
        return change.apply(latest)
      }
      return { ...change, apply }
    })
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

  async #remove(revisions: Revision[]): Promise<void> {
    for (const { key } of revisions) {
      try {
        await this.#options.revisions.remove(key)
      } catch (error) {
        this.#options.onWarning?.(error)
      }
    }
  }
}
