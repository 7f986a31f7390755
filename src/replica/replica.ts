import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import { BadDataError, LeaseError, NoSessionError, type TgsessionError } from '../errors.ts'
import { probeConditions } from '../store/probe.ts'
import type { ObjectStore, OnProgress } from '../store/store.ts'
import { markDead, NumberTaken, type Pruned, replace, save, setAside } from './changes.ts'
import type { Cipher } from './cipher.ts'
import { type Current, type Head, nextRevision, refersTo, type Revision } from './head.ts'
import { type ChangeOptions, type HeadChange, HeadFile } from './head-file.ts'
import { type Lease, type LeaseOptions, type LeasePort, takeLease } from './lease.ts'
import * as loginLog from './login-log.ts'
import { Revisions, sha256, type Verify } from './revisions.ts'

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
    const { keyFingerprint } = await this.#options.verify(bytes)
    if (keyFingerprint !== base.keyFingerprint)
      return await this.#keepAside(bytes, 'the key changed outside a login', (head) => {
        if (!lease.holds(head))
          throw new LeaseError('lease.lost', 'the lease was lost', { hint: 'Nothing was saved.' })
      })
    const pruned: Pruned = { dropped: [] }
    const revision = await this.#upload(bytes, (put) => save(lease, base, put, this.clock.wall(), pruned))
    await this.#remove(pruned.dropped)
    return { outcome: 'saved', revision }
  }

  /** Stores a session that was made elsewhere. Another account's is set aside. */
  async push(bytes: Uint8Array): Promise<SaveOutcome> {
    const seen = await this.#head.read()
    if (seen.current?.sha256 === sha256(bytes) && seen.current.dead === null)
      return { outcome: 'unchanged', revision: seen.current }
    const { userId } = await this.#options.verify(bytes)
    await this.#prove(seen)
    const expected = this.#options.userId ?? seen.current?.userId ?? null
    if (userId !== null && expected !== null && userId !== expected)
      return await this.#keepAside(bytes, `it is of user ${userId}, this name is for user ${expected}`)
    return { outcome: 'saved', revision: await this.#replace(seen, bytes, { isLogin: false }) }
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
    await this.#prove(seen)
    const entry = { id: randomUUID(), at: new Date(nowMs).toISOString(), by: this.label }
    await this.#change(loginLog.attempt(entry, nowMs, mayReplace))
    return { id: entry.id, seen }
  }

  /** Writes down how a login failed, and until when Telegram wants no other. */
  async failLogin(login: LoginAttempt, code: string, blockedUntil?: Date): Promise<void> {
    await this.#change(loginLog.outcome(login.id, code, blockedUntil?.toISOString() ?? null))
  }

  /** Makes the new login current. Call it after the sockets of the login were closed. */
  async finishLogin(login: LoginAttempt, bytes: Uint8Array): Promise<Revision> {
    return await this.#replace(login.seen, bytes, { isLogin: true, loginId: login.id })
  }

  /** Telegram does not take this key any more. */
  async markDead(
    lease: Lease,
    base: Revision,
    reason: 'revoked' | 'duplicated' | 'loggedOut',
  ): Promise<void> {
    await this.#change(markDead(lease, base, reason))
  }

  async #replace(
    seen: Head,
    bytes: Uint8Array,
    how: { isLogin: boolean; loginId?: string },
  ): Promise<Revision> {
    const pruned: Pruned = { dropped: [] }
    const nowMs = this.clock.wall()
    const revision = await this.#upload(bytes, (put) => replace(seen, put, { ...how, nowMs }, pruned))
    await this.#remove(pruned.dropped)
    return revision
  }

  async #keepAside(bytes: Uint8Array, reason: string, check?: (head: Head) => void): Promise<SaveOutcome> {
    const head = await this.#head.read()
    check?.(head)
    // Whoever pushes the same wrong file every hour must not fill the head.
    const known = head.aside.find((entry) => entry.sha256 === sha256(bytes))
    if (known) return { outcome: 'aside', revision: known, reason }
    const revision = await this.#upload(bytes, (put) => {
      const change = setAside(put, reason)
      const apply = (latest: Head): Head => {
        check?.(latest)
        return change.apply(latest)
      }
      return { ...change, apply }
    })
    return { outcome: 'aside', revision, reason }
  }

  /** Uploads the revision first and names it in the head then, under a number that nobody else has. */
  async #upload(bytes: Uint8Array, changeFor: (revision: Revision) => HeadChange): Promise<Revision> {
    for (;;) {
      const number = nextRevision(await this.#head.read())
      const at = new Date(this.clock.wall()).toISOString()
      const revision = await this.#revisions.put(bytes, number, this.label, at)
      try {
        await this.#change(changeFor(revision))
        return revision
      } catch (error) {
        if (!(error instanceof NumberTaken)) throw error
        // Without encryption equal bytes have equal names: another may have named this very object.
        if (!refersTo(await this.#head.read(), revision.key)) await this.#remove([revision])
      }
    }
  }

  async #change(change: HeadChange): Promise<void> {
    await this.#head.change(change, { patienceMs: 30_000 })
  }

  async #prove(seen: Head): Promise<void> {
    if (typeof seen.provenAt === 'string') return
    await probeConditions(this.store, { suffix: randomUUID() })
    const provenAt = new Date(this.clock.wall()).toISOString()
    await this.#change({
      apply: (head) => ({ ...head, provenAt }),
      landed: (head) => typeof head.provenAt === 'string',
    })
  }

  async #remove(revisions: Revision[]): Promise<void> {
    for (const { key } of revisions) {
      try {
        await this.#revisions.remove(key)
      } catch (error) {
        this.#options.onWarning?.(error)
      }
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
