import type { LoginToken } from './login/token.ts'
import { randomUUID } from 'node:crypto'
import { BadDataError, UsageError } from '../base/errors.ts'
import type { StoreOptions } from '../store/store.ts'
import { tombstone, tombstoneUnread, forceRelease, type Pruned, type Replacing, replace } from './changes.ts'
import { deadReason, findRevision, type Head, nextRevision, refersTo, type Revision } from './head.ts'
import { isReplaceable } from './head-format.ts'
import type { Lease } from '../lease/lease.ts'
import type { Holder } from '../lease/record.ts'
import type { LeaseOptions } from '../lease/take.ts'
import { takeFromTheDead } from '../lease/take-from-the-dead.ts'
import { checkAccount, deadKey, held, noRevision, noSession } from './refusals.ts'
import { type Copied, copy, type End } from './moving/copy.ts'
import { reseal, type Resealed } from './moving/reseal.ts'
import { noticeOf } from './repair.ts'

export interface RecoveryOptions extends End {
  /** The only account that may be served here, where it is known. */
  userId: string | undefined
  leaseTtlMs: number
  loginToken: LoginToken
  takeLease: (options: Pick<LeaseOptions, 'signal' | 'onWaiting' | 'stillWanted'>) => Promise<Lease>
}

/** `unchanged`: it is current already. */
export interface Reinstated {
  outcome: 'saved' | 'unchanged'
  revision: Revision
}

export interface ReinstateOptions extends StoreOptions {
  /** The head by which somebody decided; another key that was stored since then is a conflict. Read now unless given. */
  seen?: Head | undefined
}

export interface TakeOptions {
  signal?: AbortSignal | undefined
  /** Called where it takes `holder.ttlMs` to see whether this holder is alive. */
  onWaiting?: ((holder: Holder) => void) | undefined
}

/**
 * What people do when something went wrong. What becomes current is always a new revision, written by compare-and-swap;
 * nothing crosses from one key to another by itself.
 */
export class Recovery {
  readonly #options: RecoveryOptions

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /** One stored revision, also one that was quarantined, verified. NoSessionError (`revision.none`), BadDataError. */
  async open(number: number, options: StoreOptions = {}): Promise<{ revision: Revision; bytes: Uint8Array }> {
    const found = findRevision(await this.#options.head.read(options), number)
    if (!found) throw noRevision(number)
    const { bytes } = await this.#fetch(found.revision, options)
    return { revision: found.revision, bytes }
  }

  /**
   * An older revision becomes current again, as a new one. Throws UsageError (`rollback.other_key`, `rollback.quarantined`),
   * NoSessionError (`revision.none`), RefusedError (`session.dead_key`), BadDataError, ConflictError.
   */
  async rollback(
    number: number,
    { otherKey, ...options }: ReinstateOptions & { otherKey?: boolean | undefined } = {},
  ): Promise<Reinstated> {
    const seen = options.seen ?? (await this.#options.head.read(options))
    const found = findRevision(seen, number)
    if (!found) throw noRevision(number)
    const { revision: from, quarantined } = found
    if (quarantined)
      throw new UsageError(
        'rollback.quarantined',
        `revision ${number} was quarantined, and never was current`,
        {
          hint: `\`tgsession promote ${number}\` makes it current.`,
        },
      )
    const { current } = seen
    if (current?.objectKey === from.objectKey) return { outcome: 'unchanged', revision: current }
    if (current && current.keyFingerprint !== from.keyFingerprint && !otherKey)
      throw new UsageError(
        'rollback.other_key',
        `revision ${number} holds another key (${from.keyFingerprint}) than current (${current.keyFingerprint})`,
        {
          hint: 'It belongs to another login, which Telegram may have ended since. `--yes-other-key` takes it all the same.',
        },
      )
    const notice = noticeOf(
      this.#options,
      `rolled back from revision ${current?.revision ?? 'none'} to ${number}`,
    )
    return await this.#reinstate(from, seen, { isLogin: false, notice }, options)
  }

  /** What was quarantined becomes current, and counts as the last login. Throws as `rollback`. */
  async promote(number: number, options: ReinstateOptions = {}): Promise<Reinstated> {
    const seen = options.seen ?? (await this.#options.head.read(options))
    const found = findRevision(seen, number)
    if (!found) throw noRevision(number)
    const { revision: from, quarantined } = found
    if (!quarantined)
      throw new UsageError('promote.not_quarantined', `revision ${number} was not quarantined`, {
        hint: `\`tgsession status\` lists what was; \`tgsession rollback ${number}\` is for former ones.`,
      })
    const notice = noticeOf(this.#options, `revision ${number}, which had been quarantined, was promoted`)
    return await this.#reinstate(
      from,
      seen,
      { isLogin: true, fromQuarantine: from.objectKey, notice },
      options,
    )
  }

  /**
   * Ends the lease of a holder that is dead: one that does not renew it for its whole TTL. LeaseError (`lease.held`)
   * where it lives. `force` asks nothing: if it lives, it and the next one kill the key. Null: nobody held it.
   */
  async unlock(options: TakeOptions & { force?: boolean | undefined } = {}): Promise<Holder | null> {
    const { holder } = await this.#options.head.read(options)
    if (!holder) return null
    if (options.force) await this.#options.writer.change(forceRelease(holder), options)
    else await (await this.#take(options)).release()
    return holder
  }

  /**
   * Deletes every revision. What stays is a head with its generation, its numbers and Telegram's ban on logins.
   * Returns how many objects were removed. LeaseError (`lease.held`) where a holder lives; NoSessionError where there
   * never was anything. A damaged or older head is replaced even if its lease is held; a newer one never is.
   */
  async delete(options: TakeOptions = {}): Promise<number> {
    const { head, label, clock, name, writer } = this.#options
    const about = { at: new Date(clock.wall()).toISOString(), by: label }
    const before = await head.read(options).catch((error: unknown) => {
      if (!isReplaceable(error)) throw error
    })
    if (!before) return await this.#deleteUnread(about, options)
    if (before.writeId === '') throw noSession(name)
    const lease = await this.#take(options)
    const pruned: Pruned = { dropped: [] }
    let left: Head
    try {
      left = await writer.change(tombstone(lease, about, pruned), options)
    } finally {
      await lease.release()
    }
    return await this.#removeAll(new Set(pruned.dropped.map(({ objectKey }) => objectKey)), left, options)
  }

  async #deleteUnread(about: { at: string; by: string }, options: TakeOptions): Promise<number> {
    const { revisions, head, leaseTtlMs } = this.#options
    let lastNumber = 0
    for await (const { number } of revisions.list({ signal: options.signal }))
      lastNumber = Math.max(lastNumber, number)
    const change = tombstoneUnread(about, { id: randomUUID(), ttlMs: leaseTtlMs, lastNumber })
    return await this.#removeAll(new Set(), await head.change(change, options), options)
  }

  /**
   * Seals what a former key, or none, protects for the present one, so that the former can be let go. LeaseError
   * (`lease.held`) where a holder lives; NoSessionError where there never was anything.
   */
  async reseal(options: TakeOptions & StoreOptions = {}): Promise<Resealed> {
    return await this.#underLease(options, async (lease, how) => await reseal(this.#options, lease, how))
  }

  /** The name with its history into another store. Throws as `copy` and `reseal`. */
  async copyTo(other: Recovery, options: TakeOptions & StoreOptions = {}): Promise<Copied> {
    return await this.#underLease(
      options,
      async (lease, how) => await copy(this.#options, other.#options, lease, how),
    )
  }

  /** Under a lease that is free, or whose holder is dead; it is released when `use` is over. */
  async #underLease<T>(
    { onWaiting, ...options }: TakeOptions & StoreOptions,
    use: (lease: Lease, options: StoreOptions) => Promise<T>,
  ): Promise<T> {
    const { head, name } = this.#options
    if ((await head.read(options)).writeId === '') throw noSession(name)
    const lease = await this.#take({ ...options, onWaiting })
    try {
      const signal = AbortSignal.any([lease.signal, ...(options.signal ? [options.signal] : [])])
      return await use(lease, { ...options, signal })
    } finally {
      await lease.release()
    }
  }

  /** What is no longer named since it was looked up is not damaged, but pruned or deleted. */
  async #fetch(
    revision: Revision,
    options: StoreOptions,
  ): Promise<{ bytes: Uint8Array; userId: string | null }> {
    const { head, revisions } = this.#options
    try {
      return await revisions.get(revision, options)
    } catch (error) {
      if (error instanceof BadDataError && !refersTo(await head.read(options), revision.objectKey))
        throw noRevision(revision.revision)
      throw error
    }
  }

  async #reinstate(from: Revision, seen: Head, how: Replacing, options: StoreOptions): Promise<Reinstated> {
    const { claims, writer, userId: expected } = this.#options
    const dead = deadReason(seen, from.keyFingerprint)
    if (dead !== null) throw deadKey(dead)
    const { bytes, userId } = await this.#fetch(from, options)
    checkAccount(expected, userId ?? from.userId)
    const verified = {
      keyFingerprint: from.keyFingerprint,
      userId: userId ?? from.userId,
      family: from.family,
    }
    await claims.make(from.keyFingerprint, options)
    const revision = await writer.write(bytes, verified, (...named) => replace(seen, how, ...named), options)
    return { outcome: 'saved', revision }
  }

  async #take({ signal, onWaiting }: TakeOptions): Promise<Lease> {
    return await takeFromTheDead({ take: this.#options.takeLease, held, signal, onWaiting })
  }

  /** What the tombstone names, and what nothing named: all numbers below the next, since uploads have that or more. */
  async #removeAll(keys: Set<string>, head: Head, options: StoreOptions): Promise<number> {
    await this.#options.loginToken.remove()
    const { revisions } = this.#options
    for await (const { objectKey: key, number } of revisions.list({ signal: options.signal }))
      if (number < nextRevision(head)) keys.add(key)
    for (const key of keys) await revisions.remove(key, { signal: options.signal })
    return keys.size
  }
}
