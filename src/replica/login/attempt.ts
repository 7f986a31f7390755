import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { StoreOptions } from '../../store/store.ts'
import type { Head } from '../head.ts'
import type { HeadFile } from '../head-file.ts'
import * as loginLog from './log.ts'
import type { PhoneLog } from './phone-log.ts'
import type { SaveOutcome } from '../outcome.ts'
import type { RevisionWriter } from '../revision-writer.ts'
import type { Verify } from '../revisions.ts'

export interface LoginAttemptOptions {
  head: HeadFile
  writer: RevisionWriter
  verify: Verify
  clock: Clock
  /** The name of the instance that logs in, for people. */
  label: string
  /** Even though a good session is stored. */
  replace: boolean
  /** Even though many codes were asked for lately. */
  ignoreLimit: boolean
  phones: PhoneLog
}

/** One login, as the head remembers it: what `logIn` takes as `attempts`, and where its session goes. */
export class LoginAttempt {
  readonly #options: LoginAttemptOptions
  readonly #id = randomUUID()
  #seen: Head | undefined
  #outcome: string | undefined
  #phone: string | undefined

  /** @internal Use `Replica.attempt`. */
  constructor(options: LoginAttemptOptions) {
    this.#options = options
  }

  /**
   * Announces the login, once, before anything is sent to Telegram; this also proves that the store takes writes.
   *
   * @throws RefusedError `login.session_exists`, `login.blocked`
   */
  async begin(): Promise<void> {
    if (this.#seen) return
    const { head, writer, clock, label, replace } = this.#options
    const nowMs = clock.wall()
    const seen = await head.read()
    const refused = loginLog.refusal(seen, nowMs, replace)
    if (refused) throw refused
    await writer.prove(seen)
    const entry = { id: this.#id, at: new Date(nowMs).toISOString(), by: label }
    await writer.change(loginLog.attempt(entry, nowMs, replace))
    this.#seen = seen
  }

  /**
   * Counts a code that is about to be asked for: by its phone number, under whatever name of the store, or, where no key
   * is here to tell numbers apart, by this name.
   *
   * @throws RefusedError `login.blocked`, `login.too_many`
   */
  async sending(phone: string): Promise<void> {
    const { phones, writer, clock, ignoreLimit } = this.#options
    const nowMs = clock.wall()
    this.#phone = phone
    const isCounted = await phones.count(phone, nowMs, ignoreLimit)
    await writer.change(loginLog.sent(this.#id, nowMs, !isCounted && !ignoreLimit))
  }

  /** Telegram refuses every login before `until`. */
  async blocked(until: Date): Promise<void> {
    await this.#end('login.flood_wait', until.toISOString())
    if (this.#phone !== undefined) await this.#options.phones.block(this.#phone, until.toISOString())
  }

  /** How it failed: the code of the error. What is written down already is not written twice. */
  async failed(code: string): Promise<void> {
    if (this.#seen && this.#outcome !== code) await this.#end(code, null)
  }

  /**
   * Makes the new login current; one of an account that TGSESSION_USER_ID does not name is quarantined. Call it after
   * the sockets of the login were closed.
   */
  async finish(bytes: Uint8Array, options: StoreOptions = {}): Promise<SaveOutcome> {
    const { writer, verify } = this.#options
    if (!this.#seen) throw new TypeError('a login that has not begun cannot be finished')
    const how = { isLogin: true, loginId: this.#id }
    return await writer.take(bytes, await verify(bytes), this.#seen, how, options)
  }

  async #end(code: string, blockedUntil: string | null): Promise<void> {
    await this.#options.writer.change(loginLog.outcome(this.#id, code, blockedUntil))
    this.#outcome = code
  }
}
