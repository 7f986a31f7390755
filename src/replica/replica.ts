import { type Clock, systemClock } from '../base/clock.ts'
import { BadDataError, type TgsessionError, UnreachableError } from '../base/errors.ts'
import type { ObjectStore, StoreOptions } from '../store/store.ts'
import { markDead } from './changes.ts'
import type { Cipher } from '../seal/cipher.ts'
import { type DeadReason, deadReason, type Head, PATCHES, type Revision } from './head.ts'
import { FEATURES } from './head-format.ts'
import { type ChangeOptions, HeadFile } from './head-file.ts'
import { Claims } from './claims.ts'
import { headLease } from './head-lease.ts'
import type { Lease } from '../lease/lease.ts'
import type { Holder } from '../lease/record.ts'
import { SeenRecord } from '../lease/seen-record.ts'
import { type LeaseOptions, takeLease } from '../lease/take.ts'
import { LoginAttempt } from './login/attempt.ts'
import { formerIsGone, importSession } from './login/import.ts'
import { PhoneLog } from './login/phone-log.ts'
import { LoginToken } from './login/token.ts'
import type { Restored, SaveOutcome } from './outcome.ts'
import { PatchBase } from './patch-base.ts'
import { Recovery, type RecoveryOptions } from './recovery.ts'
import { repair, type RepairParts } from './repair.ts'
import { checkAccount, deadKey, noSession } from './refusals.ts'
import { RevisionWriter, type WriteOptions } from './revision-writer.ts'
import { Revisions, type Verify } from './revisions.ts'

export interface ReplicaOptions {
  store: ObjectStore
  /** Which session: the folder under the store's prefix. */
  name: string
  cipher: Cipher
  verify: Verify
  /** The writer's name, for people: `worker.1`, a host name. */
  label: string
  /** Tell the phone numbers of logins apart; `guardKey` makes them. Without one, logins are counted by name. */
  guardKeys?: readonly Uint8Array[] | undefined
  /** The only account that may be stored here, where it is known. */
  userId?: string | undefined
  leaseTtlMs?: number | undefined
  /** Bytes of the largest session file that is stored or restored; 256 MiB unless given. */
  maxBytes?: number | undefined
  /** What this instance understands of the head's `requires`; all that this release does, unless given. */
  features?: readonly string[] | undefined
  /** Whether this Node can write and open patches; found out unless given. */
  patchesWork?: (() => Promise<boolean>) | undefined
  clock?: Clock | undefined
  random?: (() => number) | undefined
  /** Told of what failed without harm: an old revision that could not be removed. */
  onWarning?: ((error: unknown) => void) | undefined
  /** Told each time that the store could not be reached, before it is tried again. */
  onTrouble?: ((error: TgsessionError) => void) | undefined
}

/** How to wait for the lease. */
export interface WaitOptions {
  /** Gives up waiting when it fires. */
  signal?: AbortSignal | undefined
  /** Called once per holder that is waited for. */
  onWaiting?: ((holder: Holder) => void) | undefined
  /** @internal */
  stillWanted?: LeaseOptions['stillWanted']
}

/** How to restore. */
export interface RestoreOptions extends StoreOptions {
  /** With it a damaged current is put right from the newest sound revision of the same key. */
  lease?: Lease | undefined
}

const DEFAULT_TTL_MS = 45_000

export { noSession }
export type { LoginAttempt, Restored, SaveOutcome }

/**
 * The durable, encrypted, leased copy of one named session in a store. `openReplica` makes it. Every method throws,
 * besides what it names, `UnreachableError`, `ForbiddenError` and `ConfigurationError` of the store, and `BadDataError`
 * for a `head.json` that is damaged, or of a newer release.
 *
 * @experimental
 */
export class Replica {
  /** Which session of the store: TGSESSION_NAME. */
  readonly name: string
  /** The writer's name, for people: `worker.1`, a host name. */
  readonly label: string
  /** @internal */
  readonly store: ObjectStore
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly leaseTtlMs: number
  /** @internal What people do when something went wrong: rollback, promote, unlock, delete. */
  readonly recovery: Recovery
  /** @internal What spares the next login its code, if it was wanted. */
  readonly loginToken: LoginToken
  readonly #options: ReplicaOptions
  readonly #parts: RepairParts
  readonly #base: PatchBase
  readonly #knowsPatches: boolean
  readonly #leaseRecord = new SeenRecord()

  /** @internal Use `openReplica`. */
  constructor(options: ReplicaOptions) {
    this.#options = options
    this.name = options.name
    this.label = options.label
    this.store = options.store
    this.clock = options.clock ?? systemClock
    this.leaseTtlMs = options.leaseTtlMs ?? DEFAULT_TTL_MS
    const { name, store, label, clock } = this
    const { cipher, verify, userId, maxBytes, features, onWarning, onTrouble } = options
    const head = new HeadFile({
      store,
      key: `${name}/head.json`,
      clock,
      random: options.random ?? Math.random,
      requestMs: Math.min(10_000, this.leaseTtlMs / 4),
      features,
      onTrouble,
    })
    this.loginToken = new LoginToken({ store, name, cipher })
    this.#base = new PatchBase({ cipher, patchesWork: options.patchesWork })
    this.#knowsPatches = (features ?? FEATURES).includes(PATCHES)
    const revisions = new Revisions({ store, name, cipher, verify, maxBytes, base: this.#base })
    const claims = new Claims({ store, name, features })
    const parts = { label, clock, head, revisions, claims }
    const writer = new RevisionWriter({
      ...parts,
      store,
      verify,
      userId,
      patches: this.#knowsPatches,
      onWarning,
    })
    this.#parts = { ...parts, writer }
    const { leaseTtlMs } = this
    const take: RecoveryOptions['takeLease'] = (how) => this.#takeLease(how)
    const { label: storeLabel } = store
    const { loginToken } = this
    const about = { name, storeLabel, userId, leaseTtlMs, loginToken }
    this.recovery = new Recovery({ ...this.#parts, ...about, takeLease: take })
  }

  /** @internal The newest head seen by any read or write of this process; a holder's renewals keep it fresh. */
  get lastSeen(): Head | undefined {
    return this.#parts.head.lastSeen
  }

  /** Bytes of the largest session file that is stored. */
  get maxBytes(): number {
    return this.#parts.revisions.maxBytes
  }

  /** @internal Something happened to this instance: its code is written to `events` with the next renewal or save. */
  note(code: string): void {
    this.#parts.head.note(code)
  }

  /** What the head says now: the current session, its history, who holds the lease. */
  async status(options: ChangeOptions = {}): Promise<Head> {
    return await this.#parts.head.read(options)
  }

  /**
   * Waits until nobody else uses the session, and takes the right to. It may be taken for a name without a session.
   *
   * @throws ConflictError `session.claimed` if another name has the auth key of current, too
   */
  async lease(options: WaitOptions = {}): Promise<Lease> {
    const lease = await this.#takeLease(options)
    const current = this.lastSeen?.current
    try {
      if (current && current.dead === null) {
        const claimed = await this.#parts.claims.check(current.keyFingerprint, { signal: options.signal })
        // Another name found out.
        if (typeof claimed === 'object') await this.markDead(lease, current, claimed.dead)
      }
      return lease
    } catch (error) {
      // The next holder looks again; an outage of the store must not end what waits for it.
      if (error instanceof UnreachableError) return lease
      await lease.release()
      throw error
    }
  }

  async #takeLease(options: WaitOptions): Promise<Lease> {
    const { label, clock, leaseTtlMs: ttlMs } = this
    const how = { ...options, label, clock, ttlMs, seen: this.#leaseRecord }
    return await takeLease(headLease(this.#parts.head), how)
  }

  /**
   * The current session, decrypted and verified.
   *
   * @throws NoSessionError `session.none`, only if the head proves that there is none
   * @throws BadDataError `revision.corrupt`; under a lease only if no other revision of its key is sound
   * @throws ConfigurationError for a wrong TGSESSION_KEY
   */
  async restore(options: RestoreOptions = {}): Promise<Restored> {
    const head = await this.#parts.head.read(options)
    const { current } = head
    if (!current) throw noSession(this.name)
    checkAccount(this.#options.userId, current.userId)
    const { lease, ...how } = options
    try {
      const { bytes, userId } = await this.#parts.revisions.get(current, { ...how, served: head })
      // Everyone who can write to the store can put another id into the head.
      checkAccount(this.#options.userId, userId)
      return { revision: current, bytes }
    } catch (error) {
      if (!(error instanceof BadDataError) || error.code !== 'revision.corrupt') throw error
      // It may have been replaced, and removed, while it was fetched.
      if (!lease && (await this.#parts.head.read(options)).current?.objectKey === current.objectKey)
        throw error
    }
    const repaired = lease && (await repair(this.#parts, lease, current, how))
    if (!repaired) return await this.restore(options)
    checkAccount(this.#options.userId, repaired.userId)
    return { revision: repaired.revision, bytes: repaired.bytes }
  }

  /**
   * @internal
   * The newest whole revision of each other family that holds the same auth key, the newest first. One that cannot be
   * opened is left out.
   */
  async former(base: Revision, options: StoreOptions & ChangeOptions = {}): Promise<Uint8Array[]> {
    const { history } = await this.#parts.head.read(options)
    const families = new Set([base.family])
    const found: Uint8Array[] = []
    for (const entry of history.toSorted((a, b) => b.revision - a.revision)) {
      if (entry.keyFingerprint !== base.keyFingerprint || families.has(entry.family)) continue
      families.add(entry.family)
      try {
        found.push((await this.#parts.revisions.get(entry, options)).bytes)
      } catch (error) {
        if (!(error instanceof BadDataError)) throw error
      }
    }
    return found
  }

  /**
   * Writes the holder's session back. `base` is the revision that it was restored from or last saved as. One with another
   * auth key is quarantined: only a login or `push` changes it.
   *
   * @throws LeaseError `lease.lost` if another holds the lease
   */
  async save(
    lease: Lease,
    base: Revision,
    bytes: Uint8Array,
    options: WriteOptions = {},
  ): Promise<SaveOutcome> {
    return await this.#parts.writer.save(lease, base, bytes, options)
  }

  /** Whether a save of what was restored or saved as `base` will be a patch, unless too much changes. */
  async patches(base: Revision): Promise<boolean> {
    return this.#knowsPatches && (await this.#base.serves(base, this.clock.wall()))
  }

  /**
   * Stores a session file that was made elsewhere, of any family. Another account's is quarantined. No lease is needed:
   * a holder stops using the former one.
   *
   * @throws RefusedError `session.dead_key` for an auth key that Telegram has ended
   * @throws ConflictError `session.claimed` if another name has it
   */
  async push(bytes: Uint8Array, options: StoreOptions = {}): Promise<SaveOutcome> {
    const seen = await this.#parts.head.read(options)
    const { current } = seen
    const verified = await this.#options.verify(bytes)
    const dead = deadReason(seen, verified.keyFingerprint)
    if (dead !== null) throw deadKey(dead)
    if (current && this.#parts.revisions.holds(current, bytes))
      return { outcome: 'unchanged', revision: current }
    await this.#parts.writer.prove(seen)
    return await this.#parts.writer.take(bytes, verified, seen, { isLogin: false }, options)
  }

  /**
   * A login that is to be stored here: `logIn` takes it as `attempts`, `finish()` stores what that returns. `replace`
   * (default: false): even though a good session is stored. `ignoreLimit` (default: false): even though three codes were
   * asked for within 24 hours; what Telegram itself wants is never ignored.
   */
  attempt(options: { replace?: boolean; ignoreLimit?: boolean } = {}): LoginAttempt {
    const { replace = false, ignoreLimit = false } = options
    const { verify, guardKeys = [] } = this.#options
    const phones = new PhoneLog(this.store, guardKeys)
    return new LoginAttempt({ ...this.#parts, verify, replace, ignoreLimit, phones })
  }

  /**
   * @internal Stores a session that lies beside the program, once, where none is stored or a dead one. Null if nothing was to be
   * done.
   *
   * @throws RefusedError `import.deleted`, `import.logged_out`, `import.held`, `session.dead_key`; ForbiddenError
   *   `import.unchecked`; BadDataError `replica.other_account`
   */
  async import(bytes: Uint8Array, options: WriteOptions = {}): Promise<Revision | null> {
    const { name } = this
    const { verify, userId } = this.#options
    return await importSession({ ...this.#parts, name, verify, userId }, bytes, options)
  }

  /** @internal The holder has waited for the instance from which current was imported: nobody waits for that one again. */
  async formerIsGone(lease: Lease, options: ChangeOptions = {}): Promise<void> {
    await this.#parts.writer.change(formerIsGone(lease), options)
  }

  /** Writes down that Telegram does not take the auth key of `base` any more, so that nobody connects with it again. */
  async markDead(lease: Lease, base: Revision, reason: DeadReason): Promise<void> {
    await this.#parts.writer.change(markDead(lease, base, reason))
    await this.#parts.claims
      .markDead(base.keyFingerprint, reason)
      .catch((error: unknown) => this.#options.onWarning?.(error))
  }
  /** Frees the sockets of the store. Release the lease before. */
  async close(): Promise<void> {
    await this.store.close()
  }
}
