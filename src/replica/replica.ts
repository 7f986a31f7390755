import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { BadDataError, NoSessionError, RefusedError, type TgsessionError } from '../errors.ts'
import type { ObjectStore, OnProgress } from '../store/store.ts'
import { lostLease, markDead, replace, save } from './changes.ts'
import type { Cipher } from './cipher.ts'
import type { Current, Head, Revision } from './head.ts'
import { type ChangeOptions, HeadFile } from './head-file.ts'
import { type Lease, type LeaseOptions, type LeasePort, takeLease } from './lease.ts'
import * as loginLog from './login-log.ts'
import { Recorder } from './recorder.ts'
import { Revisions, sha256, type Verified, type Verify } from './revisions.ts'

export interface ReplicaOptions {
  store: ObjectStore
  /** Which session: the folder under the store's prefix. */
  name: string
  cipher: Cipher
  verify: Verify
  /** Who writes, for people: `worker.1`, a host name. */
  label: string
  /** The only account that may be stored here, where it is known. */
  userId?: string | undefined
  leaseTtlMs?: number | undefined
  clock?: Clock | undefined
  random?: (() => number) | undefined
  /** Told of what failed without harm: an old revision that could not be removed. */
  onWarning?: ((error: unknown) => void) | undefined
  /** Told each time that the store could not be reached, before it is tried again. */
  onTrouble?: ((error: TgsessionError) => void) | undefined
}

export interface Restored {
  revision: Current
  bytes: Uint8Array
}

/** `aside`: kept in the store, but not served, because of `reason`. */
export type SaveOutcome =
  | { outcome: 'saved' | 'unchanged'; revision: Revision }
  | { outcome: 'aside'; revision: Revision; reason: string }

export interface LoginAttempt {
  id: string
  seen: Head
}

const DEFAULT_TTL_MS = 45_000
const NO_KEY = '0'.repeat(16)

/** The durable, encrypted, leased copy of one named session in a store. */
export class Replica {
  readonly name: string
  readonly label: string
  readonly store: ObjectStore
  readonly clock: Clock
  readonly leaseTtlMs: number
  readonly #options: ReplicaOptions
  readonly #head: HeadFile
  readonly #revisions: Revisions
  readonly #recorder: Recorder

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.name = options.name
    this.label = options.label
    this.store = options.store
    this.clock = options.clock ?? systemClock
    this.leaseTtlMs = options.leaseTtlMs ?? DEFAULT_TTL_MS
    this.#head = new HeadFile({
      store: options.store,
      key: `${options.name}/head.json`,
      clock: this.clock,
      random: options.random ?? Math.random,
      requestMs: Math.min(10_000, this.leaseTtlMs / 4),
      onTrouble: options.onTrouble,
    })
    this.#revisions = new Revisions(options.store, options.name, options.cipher, options.verify)
    const { store, label, clock } = this
    const { onWarning } = options
    this.#recorder = new Recorder({
      store,
      label,
      clock,
      onWarning,
      head: this.#head,
      revisions: this.#revisions,
    })
  }

  /** The newest head seen by any read or write of this process; a holder's renewals keep it fresh. */
  get lastSeen(): Head | undefined {
    return this.#head.lastSeen
  }

  /** What the head says now. */
  async status(options: ChangeOptions = {}): Promise<Head> {
    return await this.#head.read(options)
  }

  /** Waits until nobody else uses the session, and takes the right to. */
  async lease(options: Pick<LeaseOptions, 'signal' | 'onWaiting'> = {}): Promise<Lease> {
    const port: LeasePort = {
      read: (how) => this.#head.read(how),
      change: (change, how) =>
        this.#head.change(
          { apply: (head) => ({ ...head, ...change.apply(head) }), landed: (head) => change.landed(head) },
          how,
        ),
    }
    const { label, clock, leaseTtlMs: ttlMs } = this
    return await takeLease(port, { ...options, label, clock, ttlMs })
  }

  /**
   * The current session, verified. Throws NoSessionError only where the head proves that there is none; a damaged
   * one is BadDataError, a wrong TGSESSION_KEY ConfigurationError.
   */
  async restore(options: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<Restored> {
    const { current } = await this.#head.read(options)
    if (!current) throw noSession(this.name)
    this.#checkAccount(current.userId)
    const { bytes, userId } = await this.#revisions.get(current, options)
    // Whoever can write to the store can write another id into the head.
    this.#checkAccount(userId)
    return { revision: current, bytes }
  }

  /** Writes the holder's session back. `base` is the revision that it was restored from or last saved as. */
  async save(lease: Lease, base: Revision, bytes: Uint8Array): Promise<SaveOutcome> {
    if (sha256(bytes) === base.sha256) return { outcome: 'unchanged', revision: base }
    const verified = await this.#verifyUsed(bytes)
    if (verified.keyFingerprint !== base.keyFingerprint) {
      const reason = 'the key changed outside a login'
      const requireHeld = (head: Head): void => {
        if (!lease.holds(head)) throw lostLease()
      }
      return {
        outcome: 'aside',
        reason,
        revision: await this.#recorder.setAside(bytes, verified, reason, requireHeld),
      }
    }
    // The same key is the same account, also where a program has dropped the row that says so.
    const known = { ...verified, userId: verified.userId ?? base.userId }
    const revision = await this.#recorder.record(bytes, known, (...named) => save(lease, base, ...named))
    return { outcome: 'saved', revision }
  }

  /**
   * Stores a session that was made elsewhere. Another account's is set aside. Throws RefusedError
   * (`session.dead_key`) for the key that Telegram has ended.
   */
  async push(bytes: Uint8Array): Promise<SaveOutcome> {
    const seen = await this.#head.read()
    const { current } = seen
    const verified = await this.#options.verify(bytes)
    if (current?.dead && verified.keyFingerprint === current.keyFingerprint) throw deadKey(current)
    if (current?.sha256 === sha256(bytes)) return { outcome: 'unchanged', revision: current }
    await this.#recorder.prove(seen)
    return await this.#take(bytes, verified, seen, { isLogin: false })
  }

  /**
   * Announces a login before anything is sent to Telegram; this also proves that the store takes writes. Throws
   * RefusedError where there is a good session, or Telegram asked to wait.
   */
  async beginLogin(options: { replace?: boolean } = {}): Promise<LoginAttempt> {
    const [nowMs, mayReplace] = [this.clock.wall(), options.replace ?? false]
    const seen = await this.#head.read()
    const refused = loginLog.refusal(seen, nowMs, mayReplace)
    if (refused) throw refused
    await this.#recorder.prove(seen)
    const entry = { id: randomUUID(), at: new Date(nowMs).toISOString(), by: this.label }
    await this.#recorder.change(loginLog.attempt(entry, nowMs, mayReplace))
    return { id: entry.id, seen }
  }

  /** Writes down how a login failed, and until when Telegram wants no other. */
  async failLogin(login: LoginAttempt, code: string, blockedUntil?: Date): Promise<void> {
    await this.#recorder.change(loginLog.outcome(login.id, code, blockedUntil?.toISOString() ?? null))
  }

  /**
   * Makes the new login current; a login of an account that TGSESSION_USER_ID does not name is set aside. Call it
   * after the sockets of the login were closed.
   */
  async finishLogin(login: LoginAttempt, bytes: Uint8Array): Promise<SaveOutcome> {
    const verified = await this.#options.verify(bytes)
    return await this.#take(bytes, verified, login.seen, { isLogin: true, loginId: login.id })
  }

  /** Telegram does not take this key any more. */
  async markDead(
    lease: Lease,
    base: Revision,
    reason: 'revoked' | 'duplicated' | 'loggedOut',
  ): Promise<void> {
    await this.#recorder.change(markDead(lease, base, reason))
  }

  /** A login may be of any account but the pinned one's rivals; a push must also be of the account that is there. */
  async #take(
    bytes: Uint8Array,
    verified: Verified,
    seen: Head,
    how: { isLogin: boolean; loginId?: string },
  ): Promise<SaveOutcome> {
    const expected = this.#options.userId ?? (how.isLogin ? null : seen.current?.userId) ?? null
    if (verified.userId !== null && expected !== null && verified.userId !== expected) {
      const reason = `it is of user ${verified.userId}, this name is for user ${expected}`
      return { outcome: 'aside', reason, revision: await this.#recorder.setAside(bytes, verified, reason) }
    }
    const revision = await this.#recorder.record(bytes, verified, (...named) => replace(seen, how, ...named))
    return { outcome: 'saved', revision }
  }

  /** What a program left: also a file that has lost its key is kept, under a fingerprint that no key has. */
  async #verifyUsed(bytes: Uint8Array): Promise<Verified> {
    try {
      return await this.#options.verify(bytes)
    } catch (error) {
      if (!(error instanceof BadDataError) || error.code !== 'session.no_key') throw error
      return { keyFingerprint: NO_KEY, userId: null }
    }
  }

  #checkAccount(userId: string | null): void {
    const expected = this.#options.userId
    if (expected !== undefined && userId !== null && userId !== expected)
      throw new BadDataError(
        'replica.other_account',
        `the stored session is of user ${userId}, expected ${expected}`,
        {
          hint: 'Correct TGSESSION_USER_ID, or store the right session with `tgsession push`.',
        },
      )
  }
}

export function noSession(name: string): NoSessionError {
  return new NoSessionError('session.none', `there is no session named ${name} in this store yet`, {
    hint: 'Make one with `tgsession login` (on Heroku: heroku run npm run login), or store one with `tgsession push`.',
  })
}

function deadKey({ dead }: Current): RefusedError {
  return new RefusedError('session.dead_key', `Telegram has ended the key of this session (${dead})`, {
    hint: 'It can never be used again. Log in again with `tgsession login`, or push a session with another key.',
  })
}
