import type { TelegramClient } from 'telegram'
import type { Clock } from '../../base/clock.ts'
import { getDifference, forgetChannel, jumpToNow, patientAsk, unfollowed } from './catch-up.ts'
import type { CatchUpContext, MissedUpdates, TrackedSession } from './catch-up.ts'
import type { ClientLibrary } from '../client/internals.ts'
import { ACCOUNT, Manager } from './manager.ts'
import type { Container, Handout, RowId } from './manager.ts'
import type { GramUpdate } from './parts.ts'

export interface ChannelUpdatesOptions {
  library: ClientLibrary
  client: TelegramClient
  session: TrackedSession
  clock: Clock
  catchUp: boolean
  maxAgeMs: number
  limit: number
  timeoutMs: number
  gapMs: number
  idleMs: number
  onMissed: (missed: MissedUpdates) => void
  /** Takes what is to be handed out. */
  push: (handouts: Handout<GramUpdate>[]) => void
  /** Receives errors that no caller awaits: a dead key, or a bug. Never an abort. */
  onFailure: (error: unknown) => void
}

/** Fetches what the machine lacks while there is a connection: one row after the other, in the background. */
export class ChannelUpdates {
  readonly #options: ChannelUpdatesOptions
  readonly #manager = new Manager<GramUpdate>()
  readonly #todo = new Set<RowId>()
  readonly #watched = new Set<RowId>()
  #fetched = 0
  #isWorking = false
  #isCaughtUp = false
  #lastNews: number
  #signal: AbortSignal | undefined

  constructor(options: ChannelUpdatesOptions) {
    this.#options = options
    this.#lastNews = options.clock.now()
    this.#load()
  }

  /** How many updates were fetched so far, other than live. */
  get fetched(): number {
    return this.#fetched
  }

  receive(container: Container<GramUpdate>): void {
    this.#manager.receive(container)
    this.#look()
  }

  /** Resolves when nothing is missing; goes on until the signal fires, which ends it with the signal's reason. */
  async follow(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    this.#watched.clear()
    this.#isWorking = true
    if (!this.#isCaughtUp) await this.#begin(this.#context(signal))
    else this.#todo.add(ACCOUNT)
    this.#isCaughtUp = true
    await this.#work(signal)
    this.#background(this.#askWhenSilent(signal))
  }

  /** Hands out what is held, as it came. */
  releaseLease(): void {
    this.#manager.jumpAccount()
    for (const id of this.#manager.channels) this.#manager.forget(id)
    this.#options.push(this.#manager.drain().map(({ item }) => ({ item, row: null })))
  }

  #load(): void {
    const { session, catchUp } = this.#options
    for (const [key, state] of session.getUpdateStates()) {
      const id = BigInt(key)
      const isFollowed = state.pts > 0 && state.date > 0
      if (catchUp && isFollowed) this.#manager.load(id, state)
      else if (id !== ACCOUNT && isFollowed) session.setUpdateState(id, unfollowed(state.pts))
    }
    this.#manager.hold(ACCOUNT)
  }

  async #begin(context: CatchUpContext): Promise<void> {
    const { clock, maxAgeMs } = this.#options
    const state = this.#manager.account
    const isTooOld = state !== undefined && clock.wall() - state.date * 1000 > maxAgeMs
    if (state && !isTooOld) {
      for (const id of this.#manager.held()) this.#todo.add(id)
      return
    }
    await jumpToNow(context, isTooOld ? 'too_old' : null)
    for (const id of this.#manager.held()) forgetChannel(context, id)
    this.#look()
  }

  async #work(signal: AbortSignal): Promise<void> {
    const context = this.#context(signal)
    this.#isWorking = true
    try {
      for (const id of this.#todo) {
        await getDifference(context, id)
        this.#todo.delete(id)
        this.#look()
      }
    } finally {
      if (this.#signal === signal) this.#isWorking = false
    }
  }

  /** Hands on what the machine has ready, and sees to what it lacks. */
  #look(): void {
    const handouts = this.#manager.drain()
    if (handouts.some(({ row }) => row?.id === ACCOUNT)) this.#lastNews = this.#options.clock.now()
    if (handouts.length > 0) this.#options.push(handouts)
    for (const channelId of this.#manager.unknownChannels())
      this.#options.onMissed({ reason: 'not_followed', channelId, since: null })
    const signal = this.#signal
    if (!signal || signal.aborted) return
    for (const id of this.#manager.wanted()) this.#want(id, signal)
    for (const id of this.#manager.gaps()) {
      if (this.#watched.has(id)) continue
      this.#watched.add(id)
      this.#background(this.#watch(id, signal))
    }
  }

  async #watch(id: RowId, signal: AbortSignal): Promise<void> {
    const { clock, gapMs } = this.#options
    await clock.sleep(gapMs, signal)
    this.#watched.delete(id)
    if (this.#manager.gaps().includes(id)) this.#want(id, signal)
  }

  #want(id: RowId, signal: AbortSignal): void {
    // The one under way may have been answered before this was known: it is asked for again when that is done.
    if (this.#todo.has(id)) return
    this.#manager.hold(id)
    this.#todo.add(id)
    if (!this.#isWorking) this.#background(this.#work(signal))
  }

  /** Telegram may forget to push; asking also keeps the date of the row fresh, by which `maxAgeMs` is measured. */
  async #askWhenSilent(signal: AbortSignal): Promise<void> {
    const { clock, idleMs } = this.#options
    for (;;) {
      await clock.sleep(Math.max(0, this.#lastNews + idleMs - clock.now()), signal)
      if (clock.now() - this.#lastNews < idleMs) continue
      this.#lastNews = clock.now()
      this.#want(ACCOUNT, signal)
    }
  }

  #background(work: Promise<void>): void {
    const signal = this.#signal
    work.catch((error: unknown) => {
      if (signal?.aborted !== true) this.#options.onFailure(error)
    })
  }

  #context(signal: AbortSignal): CatchUpContext {
    const { client, clock, library, session, limit, onMissed, timeoutMs } = this.#options
    return {
      telegram: { Api: library.Api, ask: patientAsk(client, { clock, signal, timeoutMs }) },
      machine: this.#manager,
      session,
      limit,
      onMissed,
      onMoved: (updates) => {
        this.#fetched += updates
        this.#look()
      },
    }
  }
}
