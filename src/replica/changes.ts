import { ConflictError, LeaseError } from '../base/errors.ts'
import {
  type Current,
  type DeadReason,
  type Head,
  nextRevision,
  refersTo,
  type Revision,
  withRequirements,
} from './head.ts'
import type { HeadChange } from './head-file.ts'
import { salvageHead } from './head-format.ts'
import type { Lease } from '../lease/lease.ts'
import { dropped, prune } from './prune.ts'

/** Thrown by a change whose revision number was given to another in the meantime; the upload is made again. */
export class NumberTaken extends ConflictError {
  constructor() {
    super('replica.number_taken', 'another revision took this number first', { hint: 'Try again.' })
  }
}

/** Thrown by a change to a patch whose base nothing names any more; it is uploaded again, whole. */
export class BaseGone extends ConflictError {
  constructor() {
    super('replica.base_gone', 'what this revision is a patch of was removed', { hint: 'Try again.' })
  }
}

/** A program that loses its key at every start must not fill the head. */
const MOST_QUARANTINED = 10

export interface Pruned {
  dropped: Revision[]
}

export function lostLease(): LeaseError {
  return new LeaseError('lease.lost', 'another instance has taken the lease; nothing was saved', {
    hint: 'See who with `tgsession status`.',
  })
}

function requireHeld(head: Head, lease: Lease): void {
  if (!lease.owns(head)) throw lostLease()
}

function requireNumber(head: Head, revision: Revision): void {
  if (nextRevision(head) > revision.revision) throw new NumberTaken()
}

function replaceCurrent(
  head: Head,
  current: Current,
  others: Partial<Head>,
  nowMs: number,
  pruned: Pruned,
): Head {
  const history = head.current ? [...head.history, head.current] : head.history
  const next = withRequirements(prune({ ...head, ...others, history, current }, nowMs))
  pruned.dropped = dropped(head, next)
  return next
}

/** The holder's save: what it started from must still be current. `notice` is for people; unless given, the last stays. */
export function save(
  how: { lease: Lease; base: Revision; notice?: string },
  revision: Revision,
  nowMs: number,
  pruned: Pruned,
): HeadChange {
  return {
    apply: (head) => {
      requireHeld(head, how.lease)
      if (head.current?.objectKey !== how.base.objectKey)
        throw new ConflictError(
          'replica.superseded',
          'another session was put in its place; nothing was saved',
          {
            hint: '`tgsession status` shows by whom. A running `tgsession run` starts again with it.',
          },
        )
      requireNumber(head, revision)
      if (revision.base && !refersTo(head, revision.base.objectKey)) throw new BaseGone()
      // The key is the same: what Telegram said of it stays true.
      const current = { ...revision, dead: head.current.dead }
      return replaceCurrent(head, current, { notice: how.notice ?? head.notice }, nowMs, pruned)
    },
    landed: (head) => refersTo(head, revision.objectKey),
  }
}

export interface Replacing {
  /** Whether it counts as the last login even if the key is the same. */
  isLogin: boolean
  /** The attempt that is done with this. */
  loginId?: string
  /** For people; the last notice is taken away unless given. */
  notice?: string
  /** The key of what was quarantined until now, and is not any more. */
  fromQuarantine?: string
}

/**
 * A push, a login, or a person's choice of a stored revision: the account's key must be the one that was seen; saves
 * of the same key do not count.
 */
export function replace(
  seen: Head,
  how: Replacing,
  revision: Revision,
  nowMs: number,
  pruned: Pruned,
): HeadChange {
  return {
    apply: (head) => {
      const sameKey = head.current?.keyFingerprint === seen.current?.keyFingerprint
      if (!sameKey || head.lastLogin?.objectKey !== seen.lastLogin?.objectKey)
        throw new ConflictError('replica.changed', 'somebody else stored another session in the meantime', {
          hint: 'Nothing was overwritten. Look at `tgsession status`, then decide whose is to stay.',
        })
      requireNumber(head, revision)
      const newKey = revision.keyFingerprint !== head.current?.keyFingerprint
      const logins = head.logins.map((entry) =>
        how.loginId !== undefined && entry['id'] === how.loginId ? { ...entry, outcome: 'done' } : entry,
      )
      const lastLogin = how.isLogin || newKey ? revision : head.lastLogin
      const quarantined = head.quarantined.filter(({ objectKey: key }) => key !== how.fromQuarantine)
      const others = {
        logins,
        lastLogin,
        quarantined,
        notice: how.notice ?? null,
        ...(head.deleted && { deleted: null }),
      }
      return replaceCurrent(head, { ...revision, dead: null }, others, nowMs, pruned)
    },
    landed: (head) => refersTo(head, revision.objectKey),
  }
}

/** Kept, but not served: a key that changed outside a login, or another account's session. */
export function quarantine(revision: Revision, reason: string, pruned: Pruned): HeadChange {
  return {
    apply: (head) => {
      requireNumber(head, revision)
      const next = {
        ...head,
        quarantined: [...head.quarantined, { ...revision, reason }].slice(-MOST_QUARANTINED),
      }
      pruned.dropped = dropped(head, next)
      return next
    },
    landed: (head) => refersTo(head, revision.objectKey),
  }
}

/** The holder found out that Telegram does not take the key any more: it is never connected again. */
export function markDead(lease: Lease, base: Revision, dead: DeadReason): HeadChange {
  return {
    apply: (head) => {
      requireHeld(head, lease)
      if (head.current?.keyFingerprint !== base.keyFingerprint) return head
      return { ...head, current: { ...head.current, dead } }
    },
    landed: (head) => head.current?.keyFingerprint !== base.keyFingerprint || head.current.dead === dead,
  }
}

/** Nothing is left but who may be the next: the generation and the numbers go on, and so does Telegram's ban on logins. */
export function tombstone(lease: Lease, about: { at: string; by: string }, pruned: Pruned): HeadChange {
  return {
    apply: (head) => {
      requireHeld(head, lease)
      const next = withRequirements({
        ...head,
        holder: null,
        current: null,
        lastLogin: null,
        history: [],
        quarantined: [],
        notice: null,
        lastNumber: nextRevision(head) - 1,
        deleted: { ...about, id: lease.id },
      })
      pruned.dropped = dropped(head, next)
      return next
    },
    landed: (head) => head.deleted?.id === lease.id,
  }
}

/**
 * The same over a head that nobody can read. Who holds the lease is not known: it goes to nobody, who lives for as long as
 * the former holder may, so that whoever takes the name next waits for both.
 */
export function tombstoneUnread(
  about: { at: string; by: string },
  { id, ttlMs, lastNumber }: { id: string; ttlMs: number; lastNumber: number },
): HeadChange {
  const label = 'whoever had it before its head was damaged'
  const holder = { id, label, since: about.at, beat: 0 }
  let mayLiveMs = ttlMs
  return {
    salvage: (bytes) => {
      const found = salvageHead(bytes)
      mayLiveMs = Math.max(ttlMs, found.ttlMs)
      return found.head
    },
    apply: (head) => {
      if (head.writeId !== '')
        throw new ConflictError('replica.changed', 'head.json can be read again', {
          hint: 'Nothing was changed. Look at `tgsession status`, then decide.',
        })
      const generation = head.generation + 1
      return {
        ...head,
        generation,
        holder: { ...holder, ttlMs: mayLiveMs },
        lastNumber,
        deleted: { ...about, id },
      }
    },
    landed: (head) => head.deleted?.id === id,
  }
}

/** Takes the lease from a holder that may be alive, and leaves it free. */
export function forceRelease(holder: { id: string; label: string }): HeadChange {
  return {
    apply: (head) => {
      if (head.holder?.id !== holder.id)
        throw new ConflictError('replica.changed', `${holder.label} does not hold the lease any more`, {
          hint: 'Nothing was changed. See who does with `tgsession status`.',
        })
      return { ...head, generation: head.generation + 1, holder: null }
    },
    landed: (head) => head.holder?.id !== holder.id,
  }
}
