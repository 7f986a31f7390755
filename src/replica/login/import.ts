import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { ConflictError, ForbiddenError, RefusedError } from '../../base/errors.ts'
import type { Lease } from '../../lease/lease.ts'
import { lostLease, replace } from '../changes.ts'
import type { Claims } from '../claims.ts'
import { deadReason, type Head, references, type Revision } from '../head.ts'
import type { HeadChange, HeadFile } from '../head-file.ts'
import { checkAccount, deadKey } from '../refusals.ts'
import type { RevisionWriter, WriteOptions } from '../revision-writer.ts'
import type { Verify } from '../revisions.ts'
import { KEPT } from './log.ts'

export interface ImportParts {
  name: string
  head: HeadFile
  writer: RevisionWriter
  claims: Claims
  verify: Verify
  clock: Clock
  label: string
  /** The only account that may be stored here, if it is known. */
  userId: string | undefined
}

/** Begun, and perhaps not ended: a claim that was made meanwhile does not mean that the store ever had the key. */
const BEGUN = 'started'
/** Stored; the instance from which it came may still use it. */
const STORED = 'imported'

/** Whether a session from outside may be stored: there is none, or a dead one. */
export function takesImport({ current }: Pick<Head, 'current'>): boolean {
  return current === null || current.dead !== null
}

/**
 * Stores a session that lies beside the program, once: never over one that may be alive, and never an auth key that
 * this store has had before, of which it may hold something newer. Null if another was stored meanwhile.
 *
 * @throws RefusedError `import.deleted`, `import.logged_out`, `import.held`, `session.dead_key`; ForbiddenError
 *   `import.unchecked`; BadDataError `replica.other_account`, and what `verify` throws
 */
export async function importSession(
  parts: ImportParts,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<Revision | null> {
  const { name, head, writer, claims, verify, clock, label } = parts
  const seen = await head.read(options)
  if (!takesImport(seen)) return null
  refuseAfterTheEnd(name, seen)
  const verified = await verify(bytes)
  checkAccount(parts.userId ?? seen.current?.userId ?? undefined, verified.userId)
  const { keyFingerprint } = verified
  await refuseKnown(parts, seen, keyFingerprint, options)
  await writer.prove(seen)
  const at = new Date(clock.wall()).toISOString()
  const entry = { id: randomUUID(), at, by: label, keyFingerprint, outcome: BEGUN }
  await writer.change(begin(name, entry), options)
  await claims.make(keyFingerprint, options)
  try {
    return await writer.write(
      bytes,
      verified,
      (...named) => finish(name, keyFingerprint, replace(seen, { isLogin: false }, ...named)),
      options,
    )
  } catch (error) {
    if (error instanceof ConflictError && error.code === 'replica.changed') return null
    throw error
  }
}

/** Whether current was imported, and nobody has waited yet for the instance that it came from. */
export function awaitsFormer(head: Pick<Head, 'current' | 'logins'>): boolean {
  return head.logins.some((entry) => isOf(entry, head.current?.keyFingerprint, STORED))
}

/** The holder has waited for the instance from which current was imported. */
export function formerIsGone(lease: Lease): HeadChange {
  return {
    apply: (head) => {
      if (!lease.owns(head)) throw lostLease()
      return settled(head, head.current?.keyFingerprint, STORED, 'done')
    },
    landed: (head) => !awaitsFormer(head),
  }
}

type Entry = Head['logins'][number]

function isOf(entry: Entry, keyFingerprint: string | undefined, outcome: string): boolean {
  return entry['keyFingerprint'] === keyFingerprint && entry.outcome === outcome
}

function settled(head: Head, keyFingerprint: string | undefined, from: string, to: string): Head {
  const logins = head.logins.map((entry) =>
    isOf(entry, keyFingerprint, from) ? { ...entry, outcome: to } : entry,
  )
  return { ...head, logins }
}

/** What a person has ended is not brought back by a variable that was forgotten. */
function refuseAfterTheEnd(name: string, { current, deleted }: Head): void {
  if (deleted)
    throw new RefusedError('import.deleted', `the session named ${name} was deleted by ${deleted.by}`, {
      hint: 'Remove TGSESSION_IMPORT. `tgsession login` or `tgsession push` stores a session again, where one is wanted.',
    })
  if (current?.dead === 'loggedOut')
    throw new RefusedError('import.logged_out', `the session named ${name} was logged out`, {
      hint: 'Remove TGSESSION_IMPORT. `tgsession login` makes a new session, where one is wanted.',
    })
}

async function refuseKnown(
  { name, claims }: ImportParts,
  seen: Head,
  keyFingerprint: string,
  options: WriteOptions,
): Promise<void> {
  const dead = deadReason(seen, keyFingerprint)
  if (dead !== null) throw deadKey(dead)
  const isNamed = references(seen).some((entry) => entry.keyFingerprint === keyFingerprint)
  const claim = isNamed ? null : await claimOn(claims, keyFingerprint, options)
  if (claim?.dead) throw deadKey(claim.dead)
  const isOurs = claim?.name === name && seen.logins.some((entry) => isOf(entry, keyFingerprint, BEGUN))
  if (isNamed || (claim && !isOurs))
    throw new RefusedError('import.held', `this store has had the auth key ${keyFingerprint} before`, {
      hint: 'Remove TGSESSION_IMPORT. What the store has is newer: `tgsession status` and `tgsession history` show it.',
    })
}

async function claimOn(
  claims: Claims,
  keyFingerprint: string,
  options: WriteOptions,
): ReturnType<Claims['find']> {
  try {
    return await claims.find(keyFingerprint, options)
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error
    throw new ForbiddenError(
      'import.unchecked',
      'these credentials do not tell whether the store has had this auth key before',
      {
        hint: 'Allow reading and writing below _claims/ of the store, or store the session with `tgsession push`.',
        cause: error,
      },
    )
  }
}

function begin(name: string, entry: Entry & { id: string; keyFingerprint: string }): HeadChange {
  return {
    apply: (head) => {
      refuseAfterTheEnd(name, head)
      const others = head.logins.filter((one) => !isOf(one, entry.keyFingerprint, BEGUN))
      return { ...head, logins: [...others, entry].slice(-KEPT) }
    },
    landed: (head) => head.logins.some(({ id }) => id === entry.id),
  }
}

function finish(name: string, keyFingerprint: string, change: HeadChange): HeadChange {
  return {
    ...change,
    apply: (head) => {
      refuseAfterTheEnd(name, head)
      return settled(change.apply(head), keyFingerprint, BEGUN, STORED)
    },
  }
}
