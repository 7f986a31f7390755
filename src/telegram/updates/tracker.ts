import type { TelegramClient } from 'telegram'
import { withDeadline } from '../../base/clock.ts'
import { UnreachableError, UsageError } from '../../base/errors.ts'
import { ANY_MS, checkNumbers } from '../../base/number-option.ts'
import type { UpdateState } from '../../session/core/storage.ts'
import { inputChannel } from './catch-up.ts'
import type { MissedUpdates, TrackedSession } from './catch-up.ts'
import { asTelegramError } from '../client/classify.ts'
import { connectionState, Internals } from '../client/internals.ts'
import type { ClientLibrary } from '../client/internals.ts'
import { trackSettings } from './track-options.ts'
import type { TrackSettings, TrackUpdatesOptions } from './track-options.ts'
import { GapBuffer } from './gap-buffer.ts'
import { ChannelUpdates } from './channel-updates.ts'
import { ACCOUNT } from './manager.ts'
import type { RowId } from './manager.ts'
import { isUpdates, ownParts, partsOf } from './parts.ts'
import type { GramUpdate } from './parts.ts'

const STOP_MS = 5_000

/** What `trackUpdates` returns. */
export class UpdateTracker {
  readonly #library: ClientLibrary
  readonly #client: TelegramClient
  readonly #inner: Internals
  readonly #session: TrackedSession
  readonly #settings: TrackSettings
  readonly #gapBuffer: GapBuffer<GramUpdate>
  readonly #caughtUp = Promise.withResolvers<number>()
  /** Undefined before the first connection, and while the account cannot be followed. */
  #follower: ChannelUpdates | undefined
  /** Of the connection that is up. */
  #online = new AbortController()
  #isStarted = false
  #isStopped = false

  /** @internal Use `trackUpdates`. */
  constructor(
    library: ClientLibrary,
    client: TelegramClient,
    session: TrackedSession,
    options: TrackUpdatesOptions,
  ) {
    this.#library = library
    this.#client = client
    this.#inner = new Internals(client)
    this.#session = session
    this.#settings = trackSettings(options)
    const { clock, handlerMs } = this.#settings
    this.#gapBuffer = new GapBuffer({
      prepare: () => this.#prepare(),
      dispatch: ({ update, others, entities }) => this.#inner.dispatch(library, update, others, entities),
      commit: (row) => this.#commit(row),
      isOver: () => this.#isStopped || this.#inner.isDestroyed(),
      onError: (error) => this.#report(error),
      now: () => clock.now(),
      patienceMs: handlerMs,
    })
    this.#caughtUp.promise.catch(() => undefined)
    this.#inner.takeUpdates(
      library,
      (update, original) => this.#take(update, original),
      (request, answer) => this.#observe(request, answer),
    )
    if (client.connected === true) this.#load()
  }

  /**
   * Begins to call the handlers, with what was missed first. Resolves, once they have been called for all of that,
   * with the number of updates that were fetched. Waits for a connection, and for as long as Telegram wants it to.
   * @throws RefusedError telegram.key_revoked, telegram.key_duplicated, telegram.refused
   * @throws UsageError telegram.tracker_stopped: after `stop()`, or the client was destroyed
   */
  async start(): Promise<number> {
    if (!this.#isStarted) {
      this.#isStarted = true
      this.#gapBuffer.start()
      if (this.#client.connected === true) void this.#follow()
    }
    return await this.#caughtUp.promise
  }

  /**
   * No handler is called any more, and what they have had is in the session; what comes later is left for the next
   * start. Waits up to `timeoutMs` (5 000 unless given) for handlers under way, which then count as done. To be
   * followed by `disconnectClient` and the session's own `close()`.
   */
  async stop(options: { timeoutMs?: number | undefined } = {}): Promise<void> {
    const { timeoutMs = STOP_MS } = options
    checkNumbers({ timeoutMs: [timeoutMs, ANY_MS] })
    this.#end()
    const enough = new AbortController()
    const late = this.#settings.clock.sleep(timeoutMs, enough.signal).catch(() => undefined)
    await Promise.race([this.#gapBuffer.handedOut().then(() => this.#gapBuffer.settled()), late])
    enough.abort()
    this.#gapBuffer.commitAll()
  }

  #end(): void {
    this.#isStopped = true
    const reason = new UsageError('telegram.tracker_stopped', 'Updates are not followed any more.', {
      hint: 'Make a new client and call trackUpdates again.',
    })
    this.#online.abort(reason)
    this.#caughtUp.reject(reason)
  }

  /** What the client passes on as it arrives: updates, and news of the connection. Never throws, makes no request. */
  #take(update: unknown, handOn: () => void): void {
    try {
      const state = connectionState(this.#library, update)
      if (state !== undefined) this.#onConnection(state === 1)
      if (isUpdates(update) && (this.#follower || this.#isStopped)) {
        this.#inner.learnPeers(update)
        this.#session.processEntities(update)
        if (!this.#isStopped) this.#follower?.receive(partsOf(update))
        return
      }
    } catch (error) {
      this.#report(error)
    }
    handOn()
  }

  #observe(request: unknown, answer: unknown): void {
    try {
      const parts = this.#isStopped ? null : ownParts(request, answer)
      if (parts) this.#follower?.receive(parts)
    } catch (error) {
      this.#report(error)
    }
  }

  #onConnection(isUp: boolean): void {
    this.#online.abort(new Error('the connection ended'))
    if (this.#isStopped) return
    if (this.#inner.isDestroyed()) return this.#end()
    if (!isUp) return
    this.#online = new AbortController()
    this.#load()
    // A client reports a connection just before it can be used.
    if (this.#isStarted) setImmediate(() => void this.#follow())
  }

  #load(): void {
    const { timeoutMs } = this.#settings
    this.#follower ??= new ChannelUpdates({
      ...this.#settings,
      library: this.#library,
      client: this.#client,
      session: this.#session,
      // The client waits out short floods by itself.
      timeoutMs: timeoutMs + this.#client.floodSleepThreshold * 1000,
      onMissed: (missed) => this.#tell(missed),
      push: (handouts) => this.#gapBuffer.push(handouts),
      onFailure: (error) => this.#giveUp(error),
    })
  }

  async #follow(): Promise<void> {
    const { signal } = this.#online
    const follower = this.#follower
    try {
      await follower?.follow(signal)
      await this.#gapBuffer.handedOut()
      if (!this.#isStopped) this.#caughtUp.resolve(follower?.fetched ?? 0)
    } catch (error) {
      if (!signal.aborted) this.#giveUp(error)
    }
  }

  /** The account cannot be followed: as without us, until the next connection. */
  #giveUp(error: unknown): void {
    this.#online.abort(error)
    this.#caughtUp.reject(asTelegramError(error))
    this.#report(error)
    this.#follower?.releaseLease()
    this.#follower = undefined
  }

  async #prepare(): Promise<void> {
    if (this.#inner.isReadyToDispatch) return
    const { timeoutMs, clock } = this.#settings
    const { signal } = this.#online
    const prepare = (): Promise<void> => this.#inner.prepareToDispatch()
    try {
      await withDeadline(clock, timeoutMs, notPrepared, prepare, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #commit({ id, state }: { id: RowId; state: UpdateState }): void {
    if (id === ACCOUNT) return this.#session.setUpdateState(id, state)
    // Without the hash the row is of no use, and Telethon, if it shares the file, does not start.
    if (!inputChannel(this.#library.Api, this.#session, id)) return
    this.#session.setUpdateState(id, { ...state, date: Math.floor(this.#settings.clock.wall() / 1000) })
  }

  #tell(missed: MissedUpdates): void {
    try {
      this.#settings.onMissed(missed)
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    const known = error instanceof Error ? error : new Error(String(error))
    try {
      this.#settings.onError(known)
    } catch (broken) {
      process.emitWarning(broken instanceof Error ? broken : String(broken))
    }
  }
}

function notPrepared(): UnreachableError {
  return new UnreachableError(
    'telegram.no_answer',
    'Telegram did not say what the event handlers need to know.',
    {
      hint: 'Check the network; the update is handed to them all the same.',
    },
  )
}
