import type { Clock } from '../base/clock.ts'
import { TgsessionError } from '../base/errors.ts'
import type { DeadReason, Head } from '../replica/head.ts'
import type { Replica } from '../replica/replica.ts'

/** What the state page shows: nothing in it opens anything. Dates are ISO 8601. */
export interface SessionState {
  name: string
  store: string
  /** Null where the head could not be read; `trouble` says why then. */
  head: HeadState | null
  trouble: { code: string; message: string; hint: string } | null
}

interface HeadState {
  session: {
    userId: string | null
    key: string
    revision: number
    savedAt: string
    savedBy: string
    bytes: number
  } | null
  /** Why Telegram does not take the session any more, and what to do. */
  dead: { why: string; advice: string } | null
  /** `movedSecondsAgo`: how long this process has seen the lease unchanged. */
  holder: { label: string; since: string; movedSecondsAgo: number } | null
  revisions: number
  quarantined: { revision: number; reason: string }[]
  logins: { at: string; by: string; outcome: string }[]
  events: { at: string; code: string }[]
  notice: string | null
  /** Telegram wants no login before. */
  loginBlockedUntil: string | null
}

/** One reading of the store serves all who look within this time. */
const FRESH_MS = 2_000
const PATIENCE_MS = 8_000
const LOGINS_SHOWN = 8
const EVENTS_SHOWN = 12

/** Reads the head while a page is open, at most every two seconds. */
export class StateReader {
  readonly #replica: Pick<Replica, 'name' | 'store' | 'status'>
  readonly #clock: Clock
  #read: { at: number; state: Promise<SessionState> } | undefined
  #beat: { mark: string; at: number } | undefined

  constructor(replica: Pick<Replica, 'name' | 'store' | 'status'>, clock: Clock) {
    this.#replica = replica
    this.#clock = clock
  }

  /** Never throws: that the store cannot be read is part of the state. */
  async read(): Promise<SessionState> {
    if (!this.#read || this.#clock.now() - this.#read.at > FRESH_MS)
      this.#read = { at: this.#clock.now(), state: this.#ask() }
    return await this.#read.state
  }

  /** What is asked next is read anew. */
  forget(): void {
    this.#read = undefined
  }

  async #ask(): Promise<SessionState> {
    const { name, store } = this.#replica
    const where = { name, store: store.label }
    try {
      const head = await this.#replica.status({ patienceMs: PATIENCE_MS })
      return { ...where, head: this.#describe(head), trouble: null }
    } catch (error) {
      return { ...where, head: null, trouble: troubleOf(error) }
    }
  }

  #describe(head: Head): HeadState {
    const { current, holder, history, quarantined, logins, notice, loginBlockedUntil } = head
    return {
      session: current && {
        userId: current.userId,
        key: current.keyFingerprint,
        revision: current.revision,
        savedAt: current.savedAt,
        savedBy: current.savedBy,
        bytes: current.bytes,
      },
      dead: current?.dead ? { why: current.dead, advice: DEAD[current.dead] } : null,
      holder: holder && {
        label: holder.label,
        since: holder.since,
        movedSecondsAgo: this.#standsFor(`${holder.id} ${holder.beat}`),
      },
      revisions: history.length + (current ? 1 : 0),
      quarantined: quarantined.map(({ revision, reason }) => ({ revision, reason })),
      logins: logins.slice(-LOGINS_SHOWN).map(({ at, by, outcome }) => ({ at, by, outcome })),
      events: head.events.slice(-EVENTS_SHOWN).map(({ at, code }) => ({ at, code })),
      notice,
      loginBlockedUntil,
    }
  }

  /** No wall clocks are compared: it counts from when this process saw it move. */
  #standsFor(mark: string): number {
    if (this.#beat?.mark !== mark) this.#beat = { mark, at: this.#clock.now() }
    return Math.round((this.#clock.now() - this.#beat.at) / 1000)
  }
}

const DEAD = {
  revoked: 'It was ended in Telegram (Settings > Devices), or the account was. Log in again.',
  duplicated: 'Two programs used it at once, and Telegram ended it. End the other one; then log in again.',
  loggedOut: 'It was logged out. Log in again.',
  deleted: 'The account was deleted: no login can help.',
  banned:
    'Telegram has banned the account. Its owner can write to recover@telegram.org; a new login is refused until then.',
} as const satisfies Record<DeadReason, string>

function troubleOf(error: unknown): NonNullable<SessionState['trouble']> {
  if (error instanceof TgsessionError) {
    const { code, message, hint } = error
    return { code, message, hint }
  }
  return {
    code: 'web.unexpected',
    message: 'the state could not be read',
    hint: 'The log of the process says why. Please report it.',
  }
}
