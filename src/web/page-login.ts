import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { ConflictError, RefusedError, TgsessionError, UnreachableError } from '../base/errors.ts'
import { RESEND } from '../login/asker.ts'
import type { DataCentre, LoggedIn, Who } from '../login/login.ts'
import type { LoginAttempt, Replica } from '../replica/replica.ts'
import { Questions, type Shown } from './questions.ts'

type Attempt = Pick<LoginAttempt, 'begin' | 'sending' | 'blocked' | 'failed' | 'finish'>
export type LoginReplica = Pick<Replica, 'name' | 'status'> & {
  attempt(how: { replace?: boolean }): Attempt
}

export interface PageLoginOptions {
  replica: LoginReplica
  api: { apiId: number; apiHash: string } | null
  dc?: DataCentre | undefined
  /** A login may take the place of a good session. */
  mayReplace: boolean
  clock: Clock
  /** What the store holds may be another now. */
  onChange: () => void
  /** For the log; nothing in it is secret. */
  report: (
    event: 'login.begun' | 'login.stored' | 'login.failed',
    fields: Record<string, string | number>,
  ) => void
}

export type Wanted = { kind: 'qr' } | { kind: 'phone'; phone: string } | { kind: 'bot'; token: string }

/** What every open page shows of the login. */
export type LoginView =
  | Shown
  /** Somebody else is at it. */
  | { step: 'busy' }
  | { step: 'storing'; trouble: string | null }
  | { step: 'done'; user: { id: string; name: string; username: string | null }; told: string[] }
  | { step: 'failed'; error: { code: string; message: string; hint: string }; told: string[] }

interface Flow {
  id: string
  questions: Questions
  stop: AbortController
  seenAt: number
  view?: LoginView
  over: boolean
}

/** The user may switch to another app meanwhile, and browsers then put the page to sleep. */
const OWNER_GONE_MS = 10 * 60_000
const LOOK_MS = 5_000
const STORE_AGAIN_MS = 3_000

/** The login in progress. Only the page that began it has its id, and only with the id can it be answered or ended. */
export class PageLogin {
  readonly #options: PageLoginOptions
  readonly #over = new AbortController()
  #flow: Flow | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: PageLoginOptions) {
    this.#options = options
  }

  /** Whether a login goes on, and whether it has stored a session. */
  get isDone(): boolean {
    return this.#flow?.view?.step === 'done'
  }

  /**
   * Begins a login, and returns its id.
   * @throws ConflictError web.busy: another one goes on
   * @throws RefusedError web.no_api: api_id and api_hash are not set
   */
  begin(wanted: Wanted): string {
    const { api, clock } = this.#options
    if (this.#flow && !this.#flow.over)
      throw new ConflictError('web.busy', 'another login goes on', {
        hint: 'It ends by itself ten minutes after its page was closed.',
      })
    if (!api)
      throw new RefusedError('web.no_api', 'TELEGRAM_API_ID and TELEGRAM_API_HASH are not set', {
        hint: 'Make them at https://my.telegram.org, and set both where this runs.',
      })
    const flow: Flow = {
      id: randomBytes(24).toString('base64url'),
      questions: new Questions(wanted.kind === 'phone' ? wanted.phone : ''),
      stop: new AbortController(),
      seenAt: clock.now(),
      over: false,
    }
    this.#flow = flow
    this.#running = Promise.all([this.#run(flow, wanted, api), this.#watch(flow)]).then(() => undefined)
    return flow.id
  }

  /** What the holder of this id sees; others see only that somebody is at it. Null: no login was begun. */
  look(id: string | undefined): LoginView | null {
    const flow = this.#flow
    if (!flow) return null
    if (flow.id !== id) return flow.over ? null : { step: 'busy' }
    flow.seenAt = this.#options.clock.now()
    return flow.view ?? flow.questions.shown
  }

  /** @throws ConflictError web.answered, web.not_yours */
  answer(id: string, ask: number, text: string): void {
    this.#owned(id).questions.answer(ask, text)
  }

  /** Another code. @throws ConflictError web.answered, web.not_yours */
  resend(id: string, ask: number): void {
    this.#owned(id).questions.answer(ask, RESEND)
  }

  /** Takes the login back. @throws ConflictError web.not_yours */
  cancel(id: string): void {
    this.#owned(id).stop.abort(cancelled())
  }

  /** Takes back what goes on, and waits for that. */
  async close(): Promise<void> {
    this.#flow?.stop.abort(cancelled())
    this.#over.abort()
    await this.#running
  }

  #owned(id: string): Flow {
    if (this.#flow?.id === id && !this.#flow.over) return this.#flow
    throw new ConflictError('web.not_yours', 'this login is over, or another page began it', {
      hint: 'Reload the page.',
    })
  }

  async #run(flow: Flow, wanted: Wanted, api: { apiId: number; apiHash: string }): Promise<void> {
    const { report, replica } = this.#options
    try {
      report('login.begun', { with: wanted.kind })
      const { attempt, loggedIn } = await this.#logIn(flow, wanted, api)
      const revision = await this.#store(flow, attempt, loggedIn)
      const { id, name, username = null } = loggedIn.user
      flow.view = { step: 'done', user: { id, name, username }, told: flow.questions.told }
      report('login.stored', { name: replica.name, revision, key: loggedIn.keyFingerprint })
    } catch (error) {
      flow.view = { step: 'failed', error: inWords(error), told: flow.questions.told }
      report('login.failed', { code: flow.view.error.code })
    } finally {
      flow.over = true
      this.#options.onChange()
      flow.stop.abort(cancelled())
    }
  }

  async #logIn(
    flow: Flow,
    wanted: Wanted,
    api: { apiId: number; apiHash: string },
  ): Promise<{ attempt: Attempt; loggedIn: LoggedIn }> {
    const { replica, dc, mayReplace } = this.#options
    const login = await import('../login/login.ts')
    const attempt = replica.attempt({ replace: mayReplace })
    const options = { ...api, dc, attempts: attempt, signal: flow.stop.signal, log: () => undefined }
    return { attempt, loggedIn: await login.logIn(whoOf(wanted, flow.questions), options) }
  }

  /** A login is too dear to lose to a store that is away for a while: it is tried until it can be stored. */
  async #store(flow: Flow, attempt: Attempt, { session }: LoggedIn): Promise<number> {
    flow.view = { step: 'storing', trouble: null }
    for (;;) {
      try {
        const stored = await attempt.finish(session)
        if (stored.outcome !== 'quarantined') return stored.revision.revision
        throw new RefusedError(
          'login.other_account',
          `this was a login of another account: ${stored.reason}`,
          {
            hint: 'Correct TGSESSION_USER_ID, or log in with the account that it names.',
          },
        )
      } catch (error) {
        if (!(error instanceof UnreachableError) || this.#over.signal.aborted) throw error
        flow.view = { step: 'storing', trouble: error.message }
        await delay(STORE_AGAIN_MS, undefined, { signal: this.#over.signal }).catch(() => undefined)
      }
    }
  }

  /** Ends a login whose page has gone. */
  async #watch(flow: Flow): Promise<void> {
    const { clock } = this.#options
    while (!flow.over) {
      await clock.sleep(LOOK_MS, flow.stop.signal).catch(() => undefined)
      if (clock.now() - flow.seenAt > OWNER_GONE_MS) flow.stop.abort(cancelled())
      if (flow.stop.signal.aborted) return
    }
  }
}

function whoOf(wanted: Wanted, asker: Questions): Who {
  if (wanted.kind === 'bot') return { kind: 'bot', token: wanted.token }
  return wanted.kind === 'qr' ? { kind: 'qr', asker } : { kind: 'user', asker, phone: wanted.phone }
}

function cancelled(): RefusedError {
  return new RefusedError('login.cancelled', 'the login was ended', { hint: 'Nothing was stored.' })
}

function inWords(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof TgsessionError) {
    const { code, message, hint } = error
    return { code, message, hint }
  }
  return {
    code: 'web.unexpected',
    message: 'something unexpected went wrong',
    hint: 'Nothing was stored. Please report it.',
  }
}
