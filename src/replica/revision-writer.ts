import { randomUUID } from 'node:crypto'
import { backoffMs, type Clock } from '../base/clock.ts'
import { BadDataError, ForbiddenError, UnreachableError } from '../base/errors.ts'
import { reached } from '../base/life/step.ts'
import type { Lease } from '../lease/lease.ts'
import { probeConditions } from '../store/probe.ts'
import type { ObjectStore, StoreOptions } from '../store/store.ts'
import type { Claims } from './claims.ts'
import { BaseGone, lostLease, NumberTaken, type Pruned, quarantine, replace, save } from './changes.ts'
import { type Head, neededObjects, nextRevision, refersTo, type Revision } from './head.ts'
import type { ChangeOptions, HeadChange, HeadFile } from './head-file.ts'
import type { SaveOutcome } from './outcome.ts'
import { NO_KEY, type Revisions, sha256, type Verified, type Verify } from './revisions.ts'

export interface RevisionWriterOptions {
  store: ObjectStore
  head: HeadFile
  revisions: Revisions
  claims: Claims
  verify: Verify
  /** The only account that may be served here, if it is known. */
  userId: string | undefined
  /** The writer's name, for people. */
  label: string
  /** Whether saves may be patches: not for a release that does not know them. */
  patches: boolean
  clock: Clock
  /** Told of what failed without harm: an old revision that could not be removed. */
  onWarning?: ((error: unknown) => void) | undefined
}

/** How to store. `patienceMs` is for each change of the head, and for an upload without a lease; `signal` limits both. */
export type WriteOptions = StoreOptions & ChangeOptions

/** Of what the holder of a lease writes: whether it may be a patch, and the lease that is renewed along with it. */
export interface HolderOptions {
  patch?: boolean | undefined
  lease?: Lease | undefined
}

/** Makes the change that names a revision which is uploaded already. */
type ChangeFor = (revision: Revision, nowMs: number, pruned: Pruned) => HeadChange

const PATIENCE_MS = 30_000
const PAUSE = { firstMs: 200, longestMs: 5000 }

/**
 * Decides what becomes of a session that is to be stored (current, or quarantined because its auth key or its account
 * is another), puts the revision into the store, and then its name into the head, under a number of its own.
 */
export class RevisionWriter {
  readonly #options: RevisionWriterOptions
  #swept = false

  constructor(options: RevisionWriterOptions) {
    this.#options = options
  }

  /**
   * The holder's session, back. The bytes that are stored already are unchanged; an auth key that is not that of
   * `base`, or none, is quarantined.
   */
  async save(lease: Lease, base: Revision, bytes: Uint8Array, options: WriteOptions): Promise<SaveOutcome> {
    if (this.#options.revisions.holds(base, bytes)) return { outcome: 'unchanged', revision: base }
    const verified = await this.#verifyUsed(bytes)
    if (verified.keyFingerprint !== base.keyFingerprint) {
      const requireHeld = (head: Head): void => {
        if (!lease.owns(head)) throw lostLease()
      }
      return await this.#quarantine(bytes, verified, 'the key changed outside a login', requireHeld, options)
    }
    // The same key is the same account, also if a program has dropped the row that says so.
    const known = { ...verified, userId: verified.userId ?? base.userId }
    const changeFor: ChangeFor = (...named) => save({ lease, base }, ...named)
    const how = { ...options, patch: this.#options.patches, lease }
    const revision = await this.write(bytes, known, changeFor, how)
    return { outcome: 'saved', revision }
  }

  /**
   * A session that was made elsewhere, in the place of the one that was `seen`. A login may be of any account but the
   * pinned one's rivals; a push must also be of the account that is there: else it is quarantined.
   *
   * @throws ConflictError `session.claimed`; RefusedError `session.dead_key`
   */
  async take(
    bytes: Uint8Array,
    verified: Verified,
    seen: Head,
    how: { isLogin: boolean; loginId?: string },
    options: WriteOptions = {},
  ): Promise<SaveOutcome> {
    const expected = this.#options.userId ?? (how.isLogin ? null : seen.current?.userId) ?? null
    if (verified.userId !== null && expected !== null && verified.userId !== expected) {
      const reason = `it is of user ${verified.userId}, this name is for user ${expected}`
      return await this.#quarantine(bytes, verified, reason, () => undefined, options)
    }
    const claim = await this.#options.claims.make(verified.keyFingerprint, options)
    const revision = await this.write(bytes, verified, (...named) => replace(seen, how, ...named), options)
    return { outcome: 'saved', revision, claim }
  }

  /** Uploads the revision first, then makes the change that names it, then removes what nothing needs any more. */
  async write(
    bytes: Uint8Array,
    verified: Verified,
    changeFor: ChangeFor,
    { patch, lease, ...options }: WriteOptions & HolderOptions = {},
  ): Promise<Revision> {
    const { head, revisions, label, clock } = this.#options
    for (let asPatch = patch; ;) {
      // Nobody but the holder gives numbers as a rule, and its renewals have just shown the head.
      const number = nextRevision(head.lastSeen ?? (await head.read(options)))
      const nowMs = clock.wall()
      const about = { revision: number, savedAt: new Date(nowMs).toISOString(), savedBy: label, ...verified }
      const put = (): Promise<Revision> => revisions.put(bytes, about, { ...options, patch: asPatch })
      // Who saves under the lease tries again by himself, as long as his time allows.
      const revision = await (lease ? put() : this.#patiently(put, options))
      reached('revision.stored')
      const pruned: Pruned = { dropped: [] }
      try {
        const change = changeFor(revision, nowMs, pruned)
        const send = (one: HeadChange): Promise<Head> => this.change(one, options)
        const written = await (lease ? lease.renewWith(change, send) : send(change))
        reached('revision.named')
        revisions.keep(revision)
        await this.#remove(pruned.dropped, options)
        if (pruned.dropped.length > 0) await this.#sweep(written, pruned.dropped, options)
        return revision
      } catch (error) {
        if (!(error instanceof NumberTaken || error instanceof BaseGone)) throw error
        if (error instanceof BaseGone) asPatch = false
        // Without encryption equal bytes have equal names: another may have named this very object.
        if (!refersTo(await head.read(options), revision.objectKey)) await this.#remove([revision], options)
      }
    }
  }

  /** As patient with an upload as with the head. */
  async #patiently<T>(
    work: () => Promise<T>,
    { signal, patienceMs = PATIENCE_MS }: ChangeOptions,
  ): Promise<T> {
    const { clock } = this.#options
    const giveUpAt = clock.now() + patienceMs
    for (let tries = 0; ; tries++)
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof UnreachableError) || clock.now() >= giveUpAt) throw error
        await clock.sleep(backoffMs(tries, PAUSE, Math.random), signal)
      }
  }

  /** Returns the head that has the change. */
  async change(change: HeadChange, { signal, patienceMs = PATIENCE_MS }: ChangeOptions = {}): Promise<Head> {
    return await this.#options.head.change(change, { signal, patienceMs })
  }

  /** Refuses a store that does not honour conditions; asks once, the head remembers the answer. */
  async prove(seen: Head): Promise<void> {
    if (typeof seen.provenAt === 'string') return
    await probeConditions(this.#options.store, { suffix: randomUUID() })
    const provenAt = new Date(this.#options.clock.wall()).toISOString()
    await this.change({
      apply: (head) => ({ ...head, provenAt }),
      landed: (head) => typeof head.provenAt === 'string',
    })
  }

  /** Keeps a session that must not be served. `check` throws if the writer has lost the right to. */
  async #quarantine(
    bytes: Uint8Array,
    verified: Verified,
    reason: string,
    check: (head: Head) => void,
    options: WriteOptions,
  ): Promise<SaveOutcome> {
    const head = await this.#options.head.read(options)
    check(head)
    // Pushing the same wrong file every hour must not displace the others.
    const known = head.quarantined.find((entry) => entry.sha256 === sha256(bytes))
    if (known) return { outcome: 'quarantined', reason, revision: known }
    const changeFor: ChangeFor = (revision, _nowMs, pruned) => {
      const change = quarantine(revision, reason, pruned)
      const apply = (latest: Head): Head => {
        check(latest)
        return change.apply(latest)
      }
      return { ...change, apply }
    }
    const revision = await this.write(bytes, verified, changeFor, options)
    await this.#remember(verified.keyFingerprint, options)
    return { outcome: 'quarantined', reason, revision }
  }

  /** That it was here, for the time after its revision is dropped. */
  async #remember(keyFingerprint: string, { signal }: StoreOptions): Promise<void> {
    if (keyFingerprint === NO_KEY) return
    try {
      await this.#options.claims.remember(keyFingerprint, { signal })
    } catch (error) {
      signal?.throwIfAborted()
      // Credentials that reach one name only are no trouble.
      if (!(error instanceof ForbiddenError)) this.#options.onWarning?.(error)
    }
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

  /**
   * Once in a process: removes what a crash between an upload and its head left behind. Only below the oldest number
   * that is kept: an upload under way has a higher one.
   */
  async #sweep(head: Head, removed: readonly Revision[], options: StoreOptions): Promise<void> {
    if (this.#swept) return
    this.#swept = true
    const kept = [head.current, ...head.history].flatMap((entry) => entry?.revision ?? [])
    const oldest = Math.min(...kept)
    const needed = neededObjects(head)
    const orphans: { objectKey: string }[] = []
    try {
      for await (const { objectKey, number } of this.#options.revisions.list(options))
        if (number < oldest && !needed.has(objectKey) && !removed.some((one) => one.objectKey === objectKey))
          orphans.push({ objectKey })
    } catch (error) {
      options.signal?.throwIfAborted()
      this.#options.onWarning?.(error)
    }
    await this.#remove(orphans, options)
  }

  async #remove(objects: readonly { objectKey: string }[], options: StoreOptions): Promise<void> {
    for (const { objectKey } of objects) {
      try {
        await this.#options.revisions.remove(objectKey, { signal: options.signal })
        reached('revision.removed')
      } catch (error) {
        this.#options.onWarning?.(error)
      }
    }
  }
}
