import { ConflictError, LeaseError } from '../errors.ts'
import { type Head, nextRevision, type Revision } from './head.ts'
import type { HeadChange } from './head-file.ts'
import type { Lease } from './lease.ts'
import { prune } from './prune.ts'

/** Thrown by a change whose revision number was given to another in the meantime; the upload is made again. */
export class NumberTaken extends ConflictError {
  constructor() {
    super('replica.number_taken', 'another revision took this number first', { hint: 'Try again.' })
  }
}

export interface Pruned {
  dropped: Revision[]
}

function holds(head: Head, key: string): boolean {
  return [head.current, head.lastLogin, ...head.history, ...head.aside].some((entry) => entry?.key === key)
}

function requireHeld(head: Head, lease: Lease): void {
  if (!lease.holds(head))
    throw new LeaseError('lease.lost', 'another instance has taken the lease; nothing was saved', {
      hint: 'See who with `tgsession status`.',
    })
}

function requireNumber(head: Head, revision: Revision): void {
  if (nextRevision(head) > revision.revision) throw new NumberTaken()
}

function replaceCurrent(head: Head, revision: Revision, nowMs: number, pruned: Pruned): Head {
  const history = head.current ? [...head.history, head.current] : head.history
  const result = prune({ ...head, history, current: { ...revision, dead: null } }, nowMs)
  pruned.dropped = result.dropped
  return result.head
}

/** The holder's save: what it started from must still be current. */
export function save(
  lease: Lease,
  base: Revision,
  revision: Revision,
  nowMs: number,
  pruned: Pruned,
): HeadChange {
  return {
    apply: (head) => {
      requireHeld(head, lease)
      if (head.current?.key !== base.key)
        throw new ConflictError(
          'replica.superseded',
          'another session was put in its place; nothing was saved',
          {
            hint: '`tgsession status` shows by whom. A running `tgsession run` starts again with it.',
          },
        )
      requireNumber(head, revision)
      return replaceCurrent(head, revision, nowMs, pruned)
    },
    landed: (head) => holds(head, revision.key),
  }
}

/** A push or a login: the account's key must be the one that was seen; saves of the same key do not count. */
export function replace(
  seen: Head,
  revision: Revision,
  options: { isLogin: boolean; loginId?: string | undefined; nowMs: number },
  pruned: Pruned,
): HeadChange {
  return {
    apply: (head) => {
      const sameKey = head.current?.keyFingerprint === seen.current?.keyFingerprint
      if (!sameKey || head.lastLogin?.key !== seen.lastLogin?.key)
        throw new ConflictError('replica.changed', 'somebody else stored another session in the meantime', {
          hint: 'Nothing was overwritten. Look at `tgsession status`, then decide whose is to stay.',
        })
      requireNumber(head, revision)
      const newKey = revision.keyFingerprint !== head.current?.keyFingerprint
      const logins = head.logins.map((entry) =>
        options.loginId !== undefined && entry['id'] === options.loginId
          ? { ...entry, outcome: 'done' }
          : entry,
      )
      const lastLogin = options.isLogin || newKey ? revision : head.lastLogin
      return replaceCurrent({ ...head, logins, lastLogin, notice: null }, revision, options.nowMs, pruned)
    },
    landed: (head) => holds(head, revision.key),
  }
}

/** Kept, but not served: a key that changed outside a login, or another account's session. */
export function setAside(revision: Revision, reason: string): HeadChange {
  return {
    apply: (head) => {
      requireNumber(head, revision)
      return { ...head, aside: [...head.aside, { ...revision, reason }] }
    },
    landed: (head) => holds(head, revision.key),
  }
}

/** The holder found out that Telegram does not take the key any more: it is never connected again. */
export function markDead(
  lease: Lease,
  base: Revision,
  dead: 'revoked' | 'duplicated' | 'loggedOut',
): HeadChange {
  return {
    apply: (head) => {
      requireHeld(head, lease)
      if (head.current?.keyFingerprint !== base.keyFingerprint) return head
      return { ...head, current: { ...head.current, dead } }
    },
    landed: (head) => head.current?.keyFingerprint !== base.keyFingerprint || head.current.dead === dead,
  }
}
