import { type Clock, systemClock } from '../base/clock.ts'
import { LeaseError, SaveFailedError } from '../base/errors.ts'
import type { Lease } from '../lease/lease.ts'
import type { Replica } from '../replica/replica.ts'
import type { ChangeKind } from '../session/core/session-core.ts'
import { disconnectClient } from '../telegram/client/disconnect.ts'
import type { AnyClient } from '../telegram/client/internals.ts'
import { hangUpWithin } from '../telegram/client/keepalive.ts'
import type { TrackUpdatesOptions } from '../telegram/updates/track-options.ts'
import type { UpdateTracker } from '../telegram/updates/tracker.ts'
import { guardSends } from '../telegram/client/send-guard.ts'
import { Budget, COMMAND_SHARE } from './budget.ts'
import { closeOnSignals } from './in-process/close-on-signals.ts'
import { releaseLease } from './release-lease.ts'
import { describeError, describeLoss, type Report } from './report.ts'
import { Saver } from './saver.ts'

export interface OpenSessionOptions {
  /** Gives up waiting for the lease when it fires. */
  signal?: AbortSignal | undefined
  /** Told what happens; nothing is printed unless this does. */
  report?: Report | undefined
  /** SIGTERM and SIGINT close the session, beside whatever the program does on them itself. Default true. */
  closeOnSignals?: boolean | undefined
  /** Milliseconds that `close()` may take; the host's own (TGSESSION_SHUTDOWN_MS), or 25 000. */
  shutdownMs?: number | undefined
  clock?: Clock | undefined
  /** Milliseconds without a change before a save; TGSESSION_SAVE_AFTER, or 30 000. */
  quietMs?: number | undefined
  /** Milliseconds for which changes that never pause may keep a save waiting; ten times `quietMs`. */
  maxMs?: number | undefined
}

/** A session class of ours, for either client library. */
export interface LiveSession {
  toBytes(): Promise<Uint8Array>
  onChange(listener: (kind: ChangeKind) => void): () => void
}

/** What a client library brings along. */
export interface SessionLibrary<Session extends LiveSession, Client extends AnyClient> {
  fromBytes(bytes: Uint8Array): Promise<Session>
  trackUpdates(client: Client, session: Session, options: TrackUpdatesOptions): UpdateTracker
}

/** A session in use. Close it: what changed is saved then, and the next instance can take over. */
export class OpenedSession<Session extends LiveSession, Client extends AnyClient> {
  readonly session: Session
  /** Fires when the session must not be used any more; attached clients are disconnected by then or soon. */
  readonly signal: AbortSignal
  readonly #library: SessionLibrary<Session, Client>
  readonly #lease: Lease
  readonly #saver: Saver
  readonly #report: Report
  readonly #clients = new Set<Client>()
  readonly #trackers = new Set<UpdateTracker>()
  readonly #watching = new AbortController()
  readonly #ended = new AbortController()
  readonly #stopping = new AbortController()
  readonly #budget: Budget
  readonly #disconnectMs: number
  readonly #unsubscribe: () => void
  readonly #forgetSignals: () => void
  readonly #onClosed: () => Promise<void>
  #changes = 0
  #closing: Promise<void> | undefined

  /** Use `openSession`. */
  constructor(
    library: SessionLibrary<Session, Client>,
    replica: Replica,
    lease: Lease,
    base: Saver['base'],
    session: Session,
    report: Report,
    options: OpenSessionOptions & { onClosed?: (() => Promise<void>) | undefined },
  ) {
    this.#onClosed = options.onClosed ?? (() => Promise.resolve())
    this.#library = library
    this.session = session
    this.#lease = lease
    this.#report = report
    this.signal = AbortSignal.any([lease.signal, this.#ended.signal])
    const source = {
      checkpoint: async () => String(this.#changes),
      capture: () => session.toBytes(),
    }
    const clock = options.clock ?? systemClock
    const { shutdownMs = 25_000 } = options
    this.#disconnectMs = Math.min(5000, shutdownMs * COMMAND_SHARE)
    this.#budget = new Budget(this.#stopping.signal, shutdownMs, clock)
    this.#saver = new Saver({
      ...options,
      signal: this.#budget.save,
      replica,
      lease,
      base,
      report,
      source,
      clock,
    })
    this.#unsubscribe = session.onChange((kind) => {
      this.#changes++
      if (kind === 'auth') this.#saveNow()
    })
    void this.#watch()
    lease.signal.addEventListener('abort', () => void this.#onLost(), { once: true })
    this.#forgetSignals = (options.closeOnSignals ?? true) ? closeOnSignals(this, report) : () => undefined
  }

  /**
   * This client uses the session: it is disconnected before the lease is released, and when it is lost. One that was
   * made with `clientOptions` sends nothing after the lease has run out, also in a process that was frozen meanwhile.
   */
  attach(client: Client): void {
    if (this.#clients.has(client)) return
    this.#clients.add(client)
    guardSends(client, () => this.#lease.remainingMs > 0)
    hangUpWithin(client, this.#lease.ttlMs)
    if (this.signal.aborted) void this.#cutOff()
  }

  /**
   * Follows the updates of an attached client, so that what happened while nothing ran reaches its handlers: see
   * `trackUpdates`. Call it before connecting, and `start()` on what it gives once the handlers are there; the stop
   * is part of `close()`.
   */
  track(client: Client, options: TrackUpdatesOptions = {}): UpdateTracker {
    this.attach(client)
    const tracker = this.#library.trackUpdates(client, this.session, options)
    this.#trackers.add(tracker)
    return tracker
  }

  /**
   * Disconnects the attached clients, saves, and lets the lease go. Throws SaveFailedError (79) if what changed did
   * not reach the store, LeaseError (75) if the lease was lost.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.#watching.abort()
    this.#stopping.abort()
    // With the lease: without it nothing may be sent any more, and what was not noted is handed out again.
    if (!this.signal.aborted) await this.#stopTracking()
    const disconnected = this.#disconnect()
    await disconnected.catch(() => undefined)
    this.#unsubscribe()
    try {
      await this.#saveLast()
    } finally {
      // Not while a client is connected: the lease is held then until the process ends.
      await disconnected
      await releaseLease(this.#lease, this.#report, this.#budget.release)
      this.#budget.close()
      await this.#onClosed()
      // Not before: hosts signal more than once, and without a listener the second one would end the process.
      this.#forgetSignals()
    }
  }

  async #saveLast(): Promise<void> {
    const lost: unknown = this.signal.reason
    if (lost instanceof LeaseError) throw lost
    try {
      await this.#saver.save()
    } catch (error) {
      if (error instanceof LeaseError) throw error
      throw new SaveFailedError('session.not_saved', 'the last changes of the session could not be saved', {
        hint: 'The store keeps the revision before them, which works; some cached entities may be missing.',
        cause: error,
      })
    }
  }

  async #stopTracking(): Promise<void> {
    for (const tracker of this.#trackers)
      await tracker
        .stop()
        .catch((error: unknown) => this.#report('updates.not_stopped', describeError(error)))
  }

  async #disconnect(): Promise<void> {
    const timeoutMs = this.#disconnectMs
    await Promise.all([...this.#clients].map((client) => disconnectClient(client, { timeoutMs })))
  }

  #saveNow(): void {
    this.#saver.save().then(
      ({ outcome }) => outcome === 'quarantined' && this.#stop('its key changed'),
      (error: unknown) => this.#report('save.failed', describeError(error)),
    )
  }

  async #watch(): Promise<void> {
    try {
      this.#stop(await this.#saver.watch(this.#watching.signal))
    } catch (error) {
      if (!this.#watching.signal.aborted) this.#report('save.failed', describeError(error))
    }
  }

  /** The session in use is no longer the stored one: whoever uses it is told, and nothing more is saved. */
  #stop(why: string): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort(
      new LeaseError('session.replaced', `this session must not be used on (${why})`, {
        hint: 'Close it and open it again: the stored one is another now.',
      }),
    )
    void this.#cutOff()
  }

  async #onLost(): Promise<void> {
    this.#report('lease.lost', describeLoss(this.#lease.signal.reason))
    this.#watching.abort()
    // Nobody told us how to stop the one who uses the session: ending the process is the only safe way.
    if (this.#clients.size === 0 && !this.#closing) process.exit(75)
    await this.#cutOff()
  }

  /** Disconnects who must not use the session on; after the lease also one who cannot be disconnected: by the end of the process. */
  async #cutOff(): Promise<void> {
    try {
      await this.#disconnect()
    } catch (error) {
      this.#report('close.failed', describeError(error))
      if (this.#lease.signal.aborted) process.exit(75)
    }
  }
}
