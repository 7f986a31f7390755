import type { Clock } from '../clock.ts'
import { BadDataError, ConfigurationError, ConflictError, LeaseError, UsageError } from '../errors.ts'
import type { StoreOptions } from '../store/store.ts'
import { bury, evict, type Pruned, type Replacing, replace, save } from './changes.ts'
import { type Current, deadReason, findRevision, type Head, nextRevision, type Revision } from './head.ts'
import type { ChangeOptions, HeadFile } from './head-file.ts'
import type { Lease } from './lease.ts'
import { type Holder, type LeaseRecord, markOf } from './lease-record.ts'
import type { LeaseOptions } from './take-lease.ts'
import type { Recorder } from './recorder.ts'
import { checkAccount, deadKey, held, noRevision, noSession } from './refusals.ts'
import type { Revisions } from './revisions.ts'

export interface RecoveryOptions {
  name: string
  /** Who writes, for people. */
  label: string
  /** The only account that may be served here, where it is known. */
  userId: string | undefined
  clock: Clock
  head: HeadFile
  revisions: Revisions
  recorder: Recorder
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
 * What people do when something went wrong, and what `restore` does for them where current is damaged. What becomes
 * current is always a new revision, written by compare-and-swap; nothing crosses from one key to another by itself.
 */
export class Recovery {
  readonly #options: RecoveryOptions

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /** One stored revision, also one that was set aside, verified. NoSessionError (`revision.none`), BadDataError. */
  async open(number: number, options: StoreOptions = {}): Promise<{ revision: Revision; bytes: Uint8Array }> {
    const { head, revisions } = this.#options
    const found = findRevision(await head.read(options), number)
    if (!found) throw noRevision(number)
    const { bytes } = await revisions.get(found.revision, options)
    return { revision: found.revision, bytes }
  }

  /**
   * An older revision becomes current again, as a new one. Throws UsageError (`rollback.other_key`, `rollback.aside`),
   * NoSessionError (`revision.none`), RefusedError (`session.dead_key`), BadDataError, ConflictError.
   */
  async rollback(
    number: number,
    { otherKey, ...options }: ReinstateOptions & { otherKey?: boolean | undefined } = {},
  ): Promise<Reinstated> {
    const seen = options.seen ?? (await this.#options.head.read(options))
    const found = findRevision(seen, number)
    if (!found) throw noRevision(number)
    const { revision: from, aside } = found
    if (aside)
      throw new UsageError('rollback.aside', `revision ${number} was set aside, and never was current`, {
        hint: `\`tgsession promote ${number}\` makes it current.`,
      })
    const { current } = seen
    if (current?.key === from.key) return { outcome: 'unchanged', revision: current }
    if (current && current.keyFingerprint !== from.keyFingerprint && !otherKey)
      throw new UsageError(
        'rollback.other_key',
        `revision ${number} holds another key (${from.keyFingerprint}) than current (${current.keyFingerprint})`,
        {
          hint: 'It belongs to another login, which Telegram may have ended since. `--yes-other-key` takes it all the same.',
        },
      )
    const notice = this.#notice(`rolled back from revision ${current?.revision ?? 'none'} to ${number}`)
    return await this.#reinstate(from, seen, { isLogin: false, notice }, options)
  }

  /** What was set aside becomes current, and counts as the last login. Throws as `rollback`. */
  async promote(number: number, options: ReinstateOptions = {}): Promise<Reinstated> {
    const seen = options.seen ?? (await this.#options.head.read(options))
    const found = findRevision(seen, number)
    if (!found) throw noRevision(number)
    const { revision: from, aside } = found
    if (!aside)
      throw new UsageError('promote.not_aside', `revision ${number} was not set aside`, {
        hint: `\`tgsession status\` lists what was; \`tgsession rollback ${number}\` is for former ones.`,
      })
    const notice = this.#notice(`revision ${number}, which had been set aside, was promoted`)
    return await this.#reinstate(from, seen, { isLogin: true, fromAside: from.key, notice }, options)
  }

  /**
   * Ends the lease of a holder that is dead: one that does not renew it for its whole TTL. LeaseError (`lease.held`)
   * where it lives. `force` asks nothing: if it lives, it and the next one kill the key. Null: nobody held it.
   */
  async unlock(options: TakeOptions & { force?: boolean | undefined } = {}): Promise<Holder | null> {
    const { holder } = await this.#options.head.read(options)
    if (!holder) return null
    if (options.force) await this.#options.recorder.change(evict(holder), options)
    else await (await this.#takeFromTheDead(options)).release()
    return holder
  }

  /**
   * Deletes every revision. What stays is a head with its generation, its numbers and Telegram's ban on logins.
   * Returns how many objects were removed. LeaseError (`lease.held`) where a holder lives; NoSessionError where there
   * never was anything.
   */
  async delete(options: TakeOptions = {}): Promise<number> {
    const { head, label, clock, name, recorder } = this.#options
    if ((await head.read(options)).writeId === '') throw noSession(name)
    const lease = await this.#takeFromTheDead(options)
    const pruned: Pruned = { dropped: [] }
    let buried: Head
    try {
      const about = { at: new Date(clock.wall()).toISOString(), by: label }
      buried = await recorder.change(bury(lease, about, pruned), options)
    } finally {
      await lease.release()
    }
    return await this.#removeAll(new Set(pruned.dropped.map(({ key }) => key)), buried, options)
  }

  /**
   * The session of a damaged current: read once more, else the newest sound revision of the same key, written as a new
   * one under the lease. Null where current is another one by now. Throws BadDataError (`replica.no_sound_revision`).
   */
  async repair(
    lease: Lease,
    damaged: Current,
    options: StoreOptions & ChangeOptions,
  ): Promise<{ revision: Current; bytes: Uint8Array; userId: string | null } | null> {
    const head = await this.#options.head.read(options)
    if (head.current?.key !== damaged.key) return null
    const again = await this.#sound(damaged, options)
    if (again) return { ...again, revision: damaged }
    const older = [...head.history, ...(head.lastLogin ? [head.lastLogin] : [])]
      .filter(({ keyFingerprint, key }) => keyFingerprint === damaged.keyFingerprint && key !== damaged.key)
      .toSorted((a, b) => b.revision - a.revision)
    for (const candidate of older) {
      const found = await this.#sound(candidate, options)
      if (!found) continue
      const { bytes, userId } = found
      const verified = { keyFingerprint: damaged.keyFingerprint, userId: userId ?? candidate.userId }
      const notice = this.#notice(
        `revision ${damaged.revision} was damaged; revision ${candidate.revision}, of the same key, was put in its place`,
      )
      const how = { lease, base: damaged, notice }
      try {
        const revision = await this.#options.recorder.record(
          bytes,
          verified,
          (...named) => save(how, ...named),
          { ...options, onProgress: undefined },
        )
        return { revision: { ...revision, dead: damaged.dead }, bytes, userId }
      } catch (error) {
        if (error instanceof ConflictError && error.code === 'replica.superseded') return null
        throw error
      }
    }
    throw new BadDataError(
      'replica.no_sound_revision',
      `revision ${damaged.revision} is damaged, and no other revision with its key is sound`,
      {
        hint: 'Nothing was changed. `tgsession history` lists what is there; a backup of the session file can be stored with `tgsession push`. A copy of the key may still be alive elsewhere: log in again only if there is none.',
      },
    )
  }

  /** Null for what is damaged, or cannot be opened with the keys that are here. */
  async #sound(
    revision: Revision,
    options: StoreOptions,
  ): Promise<{ bytes: Uint8Array; userId: string | null } | null> {
    try {
      return await this.#options.revisions.get(revision, options)
    } catch (error) {
      if (error instanceof BadDataError) return null
      if (error instanceof ConfigurationError && error.code.startsWith('key.')) return null
      throw error
    }
  }

  async #reinstate(from: Revision, seen: Head, how: Replacing, options: StoreOptions): Promise<Reinstated> {
    const { revisions, recorder, userId: expected } = this.#options
    const dead = deadReason(seen, from.keyFingerprint)
    if (dead !== null) throw deadKey(dead)
    const { bytes, userId } = await revisions.get(from, options)
    checkAccount(expected, userId ?? from.userId)
    const verified = { keyFingerprint: from.keyFingerprint, userId: userId ?? from.userId }
    const revision = await recorder.record(
      bytes,
      verified,
      (...named) => replace(seen, how, ...named),
      options,
    )
    return { outcome: 'saved', revision }
  }

  /** The lease, unless its holder is alive or another was faster. */
  async #takeFromTheDead(options: TakeOptions): Promise<Lease> {
    const seen: { first?: LeaseRecord; holder: Holder | null } = { holder: null }
    const stillWanted = (record: LeaseRecord): boolean => {
      seen.first ??= record
      seen.holder = record.holder
      return record.holder === null || markOf(record) === markOf(seen.first)
    }
    try {
      return await this.#options.takeLease({ ...options, stillWanted })
    } catch (error) {
      if (error instanceof LeaseError && error.code === 'lease.not_wanted' && seen.holder)
        throw held(seen.holder)
      throw error
    }
  }

  /** What the buried head named, and what nothing named: all numbers below the next, since uploads have that or more. */
  async #removeAll(keys: Set<string>, buried: Head, options: StoreOptions): Promise<number> {
    const { revisions } = this.#options
    for await (const { key, number } of revisions.list({ signal: options.signal }))
      if (number < nextRevision(buried)) keys.add(key)
    for (const key of keys) await revisions.remove(key, { signal: options.signal })
    return keys.size
  }

  #notice(what: string): string {
    return `${what}, ${new Date(this.#options.clock.wall()).toISOString()} by ${this.#options.label}`
  }
}
