import { backoffMs, type Clock, unlessAborted } from '../base/clock.ts'
import { ConflictError, LeaseError, UnreachableError } from '../base/errors.ts'
import type { Revision } from '../replica/head.ts'
import type { Lease } from '../lease/lease.ts'
import type { OnProgress } from '../base/transfer.ts'
import type { Replica, SaveOutcome } from '../replica/replica.ts'
import { describeError, describeLoss, type Report } from '../base/life/report.ts'
import { reached } from '../base/life/step.ts'

/** The session in use, as its saver sees it. */
export interface Source {
  /** Equal as long as nothing has changed. */
  checkpoint(): Promise<string>
  capture(): Promise<Uint8Array>
  /** Resolves when no copy is being made. */
  settled?: () => Promise<unknown>
  /** Its client may lock the file for as long as it runs. That no copy can be made is reported once. */
  holdsBack?: boolean
}

export interface SaverOptions {
  replica: Replica
  lease: Lease
  base: Revision
  source: Source
  clock: Clock
  report: Report
  /** Gives every save up when it fires: the host waits no longer. */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds without a change before a save, and how long changes may keep it waiting: ten times as long unless given.
   * Without `quietMs` it is 5 s while saves are patches, 30 s while they are whole, and never sooner than fifty times what
   * the last save took.
   */
  quietMs?: number | undefined
  maxMs?: number | undefined
  random?: (() => number) | undefined
}

/** Why a session must not be used on: it was replaced from elsewhere, its key changed, or the lease is gone. */
export type SaverEnd = 'replaced' | 'quarantined' | 'lost'

const TICK_MS = 1000
const PATCH_QUIET_MS = 5000
const WHOLE_QUIET_MS = 30_000
/** So many times what the last save took: neither a large session nor a slow store is busy with saves all the time. */
const REST = 50
const RETRY = { firstMs: 2000, longestMs: 5 * 60_000 }
/** A file that cannot be copied for this long is not reported: its writer is in the middle of something. */
const BUSY_MS = 5 * 60_000

/** Writes the session back while it is used: soon after a change, never twice at once. */
export class Saver {
  readonly #options: SaverOptions
  #base: Revision
  #savedCheckpoint: string | undefined
  #isLarge = false
  /** Whether the last save was a patch; before the first one, whether it will be. */
  #patches: boolean | undefined
  #restUntil = 0
  #saving: Promise<unknown> = Promise.resolve()

  constructor(options: SaverOptions) {
    this.#options = options
    this.#base = options.base
  }

  /** The revision that the session in use was last saved as. */
  get base(): Revision {
    return this.#base
  }

  /** What is there now counts as saved. Call it before anybody can change it. */
  async mark(): Promise<void> {
    this.#savedCheckpoint = await this.#options.source.checkpoint()
  }

  /** Saves until `signal` fires (then it rejects with its reason) or the session must not be used on. */
  async watch(signal: AbortSignal): Promise<SaverEnd> {
    const { clock, source, replica, report, random = Math.random } = this.#options
    this.#patches ??= await replica.patches(this.#base)
    if (this.#savedCheckpoint === undefined) await this.mark()
    let last = this.#savedCheckpoint
    let firstAt = 0
    let lastAt = 0
    let busySince: number | undefined
    let toldOfWait = false
    let failures = 0
    let retryAt = 0
    const onFailure = (error: unknown): void => {
      retryAt = clock.now() + backoffMs(failures++, RETRY, random)
      report('save.failed', { ...describeError(error), retryInMs: Math.round(retryAt - clock.now()) })
    }
    for (;;) {
      await clock.sleep(Math.min(TICK_MS, this.#pace.quietMs), signal)
      const { quietMs, maxMs } = this.#pace
      const now = clock.now()
      if (replica.lastSeen?.current && replica.lastSeen.current.objectKey !== this.#base.objectKey)
        return 'replaced'
      const checkpoint = await source.checkpoint().catch((error: unknown) => {
        if (now >= retryAt) onFailure(error)
      })
      if (checkpoint === undefined) continue
      if (checkpoint === this.#savedCheckpoint) {
        failures = retryAt = 0
        continue
      }
      if (last === this.#savedCheckpoint) firstAt = now
      if (checkpoint !== last) lastAt = now
      last = checkpoint
      if (now < Math.max(retryAt, this.#restUntil) || (now - lastAt < quietMs && now - firstAt < maxMs))
        continue
      try {
        const { outcome } = await this.save()
        if (outcome === 'quarantined') return 'quarantined'
        busySince = undefined
        failures = 0
      } catch (error) {
        if (error instanceof LeaseError) {
          report('lease.lost', describeLoss(error))
          return 'lost'
        }
        if (error instanceof ConflictError) return 'replaced'
        if (isBusy(error) && source.holdsBack) {
          if (!toldOfWait) report('capture.waits_for_stop')
          toldOfWait = true
          firstAt = lastAt = now
          continue
        }
        if (isBusy(error) && now - (busySince ??= now) < BUSY_MS) continue
        busySince = undefined
        onFailure(error)
        continue
      }
      last = this.#savedCheckpoint
    }
  }

  get #pace(): { quietMs: number; maxMs: number } {
    const { quietMs = this.#patches ? PATCH_QUIET_MS : WHOLE_QUIET_MS, maxMs = 10 * quietMs } = this.#options
    return { quietMs, maxMs }
  }

  /** Resolves when no copy of the session is being made: a reader in its way may cost a client its last commit. */
  async settled(): Promise<void> {
    await this.#options.source.settled?.()
  }

  /** Saves now what `capture` (the source's own, unless given) yields. */
  async save(
    capture = (): Promise<Uint8Array> => this.#options.source.capture(),
    onProgress?: OnProgress,
  ): Promise<SaveOutcome> {
    const turn = this.#saving.then(() => this.#save(capture, onProgress))
    this.#saving = turn.catch(() => undefined)
    return await turn
  }

  async #save(capture: () => Promise<Uint8Array>, onProgress?: OnProgress): Promise<SaveOutcome> {
    const { replica, lease, report, source, signal, clock } = this.#options
    const began = clock.now()
    reached('save.begun')
    const checkpoint = await source.checkpoint()
    const bytes = await capture()
    reached('save.captured')
    const how = { signal, onProgress }
    const saved = await unlessAborted(replica.save(lease, this.#base, bytes, how), signal)
    reached('save.done')
    if (this.#options.quietMs === undefined) this.#restUntil = clock.now() + REST * (clock.now() - began)
    this.#savedCheckpoint = checkpoint
    const { revision, outcome } = saved
    if (saved.outcome === 'quarantined')
      report('session.quarantined', {
        revision: revision.revision,
        key: revision.keyFingerprint,
        reason: saved.reason,
      })
    else {
      const [before, after] = [this.#base.family ?? 'telethon', revision.family ?? 'telethon']
      // A client upgrades a file that an older one of its kin has made, and the older one cannot open it any more.
      if (before !== after)
        report('session.upgraded', { revision: revision.revision, from: before, to: after })
      this.#base = revision
    }
    if (outcome === 'saved' && !this.#isLarge && revision.bytes > replica.maxBytes / 2) {
      this.#isLarge = true
      report('session.large', { bytes: revision.bytes, limit: replica.maxBytes })
    }
    if (outcome === 'saved') this.#patches = revision.base !== null
    if (outcome === 'saved') report('session.saved', { revision: revision.revision, bytes: revision.bytes })
    return saved
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof UnreachableError && error.code === 'session.busy'
}
