import { Budget, COMMAND_SHARE } from '../base/life/budget.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { LeaseError, RefusedError, SaveFailedError, type TgsessionError, UsageError } from '../base/errors.ts'
import { ANY_MS, checkNumbers } from '../base/number-option.ts'
import { describeError, describeLoss, type Report, reportTrouble } from '../base/life/report.ts'
import type { Lease } from '../lease/lease.ts'
import { releaseLease } from '../lease/release-lease.ts'
import { disconnectClient } from '../telegram/client/disconnect.ts'
import type { AnyClient } from '../telegram/client/internals.ts'
import { hangUpWithin } from '../telegram/client/keepalive.ts'
import { guardSends } from '../telegram/client/send-guard.ts'
import { watchKey } from '../telegram/client/watch-key.ts'
import type { TrackedSession } from '../telegram/updates/catch-up.ts'
import type { TrackUpdatesOptions } from '../telegram/updates/track-options.ts'
import type { UpdateTracker } from '../telegram/updates/tracker.ts'
import { closeOnSignals } from './close-on-signals.ts'
import type { ForkedLogin, ForkRequest, Held, SavePort } from './save-port.ts'

/** How a session that is opened in process behaves. */
export interface OpenedSessionOptions {
  /** Called with each event. Unless given, waiting and trouble are printed to standard error. */
  report?: Report | undefined
  /** SIGTERM and SIGINT close the session, beside whatever the program does on them itself. Default: true. */
  closeOnSignals?: boolean | undefined
  /** Milliseconds that `close()` may take. Default: what the host grants (TGSESSION_SHUTDOWN), or 25 000. */
  shutdownMs?: number | undefined
  /** @internal */
  clock?: Clock | undefined
}

/** What a client library brings along. */
export interface SessionLibrary<Session, Client extends AnyClient> {
  trackUpdates(client: Client, session: Session, options: TrackUpdatesOptions): UpdateTracker
}

/** A session in use. Close it: what changed is saved then, and the next instance can take over. */
export class OpenedSession<Session extends TrackedSession, Client extends AnyClient> {
  /** The name in the store, or the id in the container. */
  readonly id: string
  /** What to give to `new TelegramClient(…)`. */
  readonly session: Session
  /**
   * Fires when the session must not be used any more, with an error that says why as its reason; attached clients are
   * disconnected by then or soon. If the lease is lost while no client is attached, the process ends with exit code 75:
   * nothing else is safe.
   */
  readonly signal: AbortSignal
  readonly #library: SessionLibrary<Session, Client>
  readonly #lease: Lease
  readonly #port: SavePort
  readonly #fork: Held<Session>['fork']
  readonly #report: Report
  readonly #clients = new Set<Client>()
  readonly #trackers = new Set<UpdateTracker>()
  readonly #watching = new AbortController()
  readonly #ended = new AbortController()
  readonly #stopping = new AbortController()
  readonly #budget: Budget
  readonly #disconnectMs: number
  readonly #forgetSignals: () => void
  #closing: Promise<void> | undefined
  #dead = false

  /** @internal Use `openSession`, or `open` of a container. */
  constructor(
    library: SessionLibrary<Session, Client>,
    held: Held<Session>,
    options: OpenedSessionOptions = {},
  ) {
    const { report = reportTrouble, clock = systemClock, shutdownMs = 25_000 } = options
    checkNumbers({ shutdownMs: [shutdownMs, ANY_MS] })
    const { id, session, lease } = held
    this.id = id
    this.session = session
    this.signal = AbortSignal.any([lease.signal, this.#ended.signal])
    this.#library = library
    this.#lease = lease
    this.#fork = held.fork
    this.#report = report
    this.#disconnectMs = Math.min(5000, shutdownMs * COMMAND_SHARE)
    this.#budget = new Budget(this.#stopping.signal, shutdownMs, clock)
    this.#port = held.savePort({
      signal: this.#budget.save,
      report,
      stop: (why) => this.#stop(replaced(why)),
    })
    void this.#watch()
    lease.signal.addEventListener('abort', () => void this.#onLost(), { once: true })
    this.#forgetSignals = (options.closeOnSignals ?? true) ? closeOnSignals(this, report) : () => undefined
  }

  /** Grows with every holder of the lease. */
  get generation(): number {
    return this.#lease.generation
  }

  /**
   * This client uses the session: it is disconnected before the lease is released, and when the lease is lost. One that
   * was made with `clientOptions` sends nothing after the lease has run out, also in a process that was frozen meanwhile.
   * If Telegram refuses its auth key, that is written down, and the session is closed; so it is if `connectClient` fails.
   *
   *     const client = new TelegramClient(opened.session, apiId, apiHash, clientOptions(opened.session))
   *     opened.attach(client)
   *     await connectClient(client)
   *
   * @throws TypeError for what is no client
   * @throws UsageError `session.closed` after `close()`
   */
  attach(client: Client): void {
    requireClient(client)
    if (this.#clients.has(client)) return
    if (this.#closing) throw closed()
    this.#clients.add(client)
    guardSends(client, () => this.#lease.remainingMs > 0)
    hangUpWithin(client, this.#lease.ttlMs)
    watchKey(client, {
      onDead: (why, reason) => this.#onDead(why, reason),
      onNotConnected: () => this.#closeQuietly(),
    })
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
   * A second login of the same account, without a code, for a laptop or a test: an attached client that is connected lets
   * it in. Telegram tells the account of it. Store what it returns under another name (`replica.push`), or in a file.
   *
   *     const { session } = await opened.fork({ apiId, apiHash, deviceModel: 'laptop' })
   *
   * @throws RefusedError `fork.bot` for a bot, which logs in with its token; `login.*` as `logIn`
   * @throws UsageError `fork.no_client` if no client is attached; `fork.not_here` in a container
   */
  async fork(request: ForkRequest): Promise<ForkedLogin> {
    this.signal.throwIfAborted()
    if (this.#closing) throw closed()
    const [client] = this.#clients
    if (!this.#fork) throw notHere()
    if (!client) throw noClient()
    const signal = request.signal ? AbortSignal.any([this.signal, request.signal]) : this.signal
    return await this.#fork(client, { ...request, signal })
  }

  /**
   * Disconnects the attached clients, saves, and releases the lease. A second call returns the first one's promise.
   * @throws SaveFailedError (79) if what changed was not saved
   * @throws LeaseError (75) if the lease was lost, or another session was stored
   * @throws UnreachableError `telegram.not_closed`: a client did not disconnect in time
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  /** As `close()`, for `await using`. */
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
    try {
      await this.#saveLast()
    } finally {
      // Not while a client is connected: the lease is held then until the process ends.
      await disconnected
      await releaseLease(this.#lease, this.#report, this.#budget.release)
      this.#budget.close()
      await this.#port.close()
      // Not before: hosts signal more than once, and without a listener the second one would end the process.
      this.#forgetSignals()
    }
  }

  async #saveLast(): Promise<void> {
    const lost: unknown = this.signal.reason
    if (lost instanceof LeaseError) throw lost
    try {
      await this.#port.saveLast()
    } catch (error) {
      if (error instanceof LeaseError || error instanceof SaveFailedError) throw error
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

  async #watch(): Promise<void> {
    try {
      this.#stop(replaced(await this.#port.watch(this.#watching.signal)))
    } catch (error) {
      if (!this.#watching.signal.aborted) this.#report('save.failed', describeError(error))
    }
  }

  /** The session must not be used any more; its users are notified. */
  #stop(reason: TgsessionError): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort(reason)
    void this.#cutOff()
  }

  async #onDead(why: 'revoked' | 'duplicated', reason: string): Promise<void> {
    if (this.#dead) return
    this.#dead = true
    this.#report('key.dead', { reason })
    await this.#port
      .markDead(why)
      .catch((error: unknown) => this.#report('key.not_marked', describeError(error)))
    this.#stop(dead(reason))
  }

  /** Nobody may be left to call `close()`: the next instance must not wait for the lease to run out. */
  async #closeQuietly(): Promise<void> {
    await this.close().catch((error: unknown) => this.#report('close.failed', describeError(error)))
  }

  async #onLost(): Promise<void> {
    this.#report('lease.lost', describeLoss(this.#lease.signal.reason))
    this.#watching.abort()
    // No client is attached that we could stop: ending the process is the only safe way.
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

function requireClient(client: unknown): void {
  const isClient =
    typeof client === 'object' &&
    client !== null &&
    'session' in client &&
    'connect' in client &&
    typeof client.connect === 'function' &&
    'destroy' in client &&
    typeof client.destroy === 'function'
  if (!isClient) throw new TypeError('attach() takes the TelegramClient that uses the session')
}

function closed(): UsageError {
  return new UsageError('session.closed', 'this session was closed', { hint: 'Open it again.' })
}

function noClient(): UsageError {
  return new UsageError('fork.no_client', 'no client is attached that could let another login in', {
    hint: 'Call attach(client), and connect it, before fork().',
  })
}

function notHere(): UsageError {
  return new UsageError('fork.not_here', 'a session of a container is not forked', {
    hint: 'Open it from a store, with openSession(); or log in a second time.',
  })
}

function replaced(why: string): LeaseError {
  return new LeaseError('session.replaced', `this session must not be used any more (${why})`, {
    hint: 'Close it and open it again: the stored one is another now.',
  })
}

function dead(reason: string): RefusedError {
  return new RefusedError('session.dead_key', `Telegram does not accept the auth key any more (${reason})`, {
    hint: 'Log in again with `tgsession login`, or store another session.',
  })
}
