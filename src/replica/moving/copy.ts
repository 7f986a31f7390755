import { ConflictError } from '../../base/errors.ts'
import type { Lease } from '../../lease/lease.ts'
import type { StoreOptions } from '../../store/store.ts'
import { type Head, nextRevision, refersTo } from '../head.ts'
import { noSession } from '../refusals.ts'
import { noticeOf, type RepairParts } from '../repair.ts'
import { onlyMoved, renamed, storeAgain } from './store-again.ts'

/** One name in one store. */
export interface End extends RepairParts {
  name: string
  /** How messages name the store: no secret. */
  storeLabel: string
}

export interface Copied {
  /** How many revisions lie in both stores now. */
  copied: number
  /** The numbers of those that could not be opened, and were not copied. */
  left: number[]
}

/**
 * A name with its history, into a store that has nothing under it. Numbers, dates and what Telegram said of the key stay;
 * every revision is sealed for the key of `to`. The lease of `from` is held; a notice there says where the copy is.
 *
 * @throws ConflictError `copy.not_empty`; `session.claimed` if another name of that store has the auth key
 */
export async function copy(from: End, to: End, lease: Lease, options: StoreOptions): Promise<Copied> {
  const before = await from.head.read(options)
  const { current } = before
  if (!current) throw noSession(from.name)
  const target = await to.head.read(options)
  requireEmpty(target, to)
  await to.writer.prove(target)
  if (current.dead === null) await to.claims.make(current.keyFingerprint, options)
  const ends = { from: from.revisions, to: to.revisions }
  const { moved, left } = await storeAgain(before, ends, () => true, options)
  const { current: copied, lastLogin, history, quarantined } = renamed(onlyMoved(before, moved), moved)
  const { logins, loginBlockedUntil } = before
  const notice = noticeOf(to, `copied from ${from.storeLabel}`)
  await to.writer.change(
    {
      apply: (head) => {
        requireEmpty(head, to)
        const lastNumber = Math.max(nextRevision(before), nextRevision(head)) - 1
        const own = { current: copied, lastLogin, history, quarantined, logins, loginBlockedUntil }
        return renamed({ ...head, ...own, lastNumber, notice, deleted: null }, new Map())
      },
      landed: (head) => copied !== null && refersTo(head, copied.objectKey),
    },
    options,
  )
  const told = noticeOf(from, `copied to ${to.storeLabel}: never use both`)
  await from.writer.change(
    {
      apply: (head) => (lease.owns(head) ? { ...head, notice: told } : head),
      landed: (head) => head.notice === told || !lease.owns(head),
    },
    options,
  )
  return { copied: moved.size, left }
}

function requireEmpty({ current, history, quarantined }: Head, { name, storeLabel }: End): void {
  if (!current && history.length === 0 && quarantined.length === 0) return
  throw new ConflictError('copy.not_empty', `${storeLabel} has a session ${name} already`, {
    hint: 'Choose another store, or delete that one first if it is not needed.',
  })
}
