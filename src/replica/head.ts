import type { Holder } from '../lease/record.ts'

/** What a patch is a change of: one whole revision. */
export interface Base {
  /** Where that one lies. */
  objectKey: string
  /** SHA-256 of its plain file, hex. */
  sha256: string
  [unknown: string]: unknown
}

/** One saved state of the session: where it lies, and what is known of it without opening it. */
export interface Revision {
  /** Counts all that were ever stored under the name. */
  revision: number
  /** Where it lies: the object's key under `<prefix>/<name>/`. */
  objectKey: string
  /** SHA-256 of the plain file, hex. */
  sha256: string
  /** Size of the plain file in bytes: unpacking stops there. */
  bytes: number
  /** ISO 8601, UTC. */
  savedAt: string
  /** The label of the instance that saved it. */
  savedBy: string
  /** auth_key_id, 16 hex digits. */
  keyFingerprint: string
  /** The account's id, decimal; null if the file does not say. */
  userId: string | null
  /** Whose file it is: Telethon's is null. */
  family: string | null
  /** The whole revision that this one is a patch of; null: it is whole. */
  base: Base | null
  /** The recipient that it was sealed for; null: it is readable. */
  sealedFor?: string | null | undefined
  [unknown: string]: unknown
}
/** Why Telegram no longer accepts an auth key. `banned` and `deleted` concern the account: no other login can help. */
export type DeadReason = 'revoked' | 'duplicated' | 'loggedOut' | 'banned' | 'deleted'

export const DEAD_REASONS = [
  'revoked',
  'duplicated',
  'loggedOut',
  'banned',
  'deleted',
] as const satisfies DeadReason[]

/** The revision that is served. */
export interface Current extends Revision {
  /** Why Telegram no longer accepts its auth key; null if no reason is known. */
  dead: DeadReason | null
}

/** One that is kept and never served. */
export interface Quarantined extends Revision {
  /** Why, for people. */
  reason: string
}

/** Something that happened to an instance, for people: its code and when (ISO 8601, UTC). */
export interface HeadEvent {
  /** As in the log: `session.quarantined`. */
  code: string
  /** ISO 8601, UTC. */
  at: string
  [unknown: string]: unknown
}

/**
 * head.json. Fields that this version does not know are kept, here and in what it holds.
 *
 * @experimental
 */
export interface Head {
  /** Of head.json itself. */
  format: 2
  /** What a reader must understand before it changes anything under this name. */
  requires: string[]
  /** Fresh on every write. */
  writeId: string
  /** Of the lease: grows with every holder. */
  generation: number
  /** The instance that uses the session now; null if none does. */
  holder: Holder | null
  /** The revision that is served; null if there is no session. */
  current: Current | null
  /** The newest one that came of a login. */
  lastLogin: Revision | null
  /** Former ones that can be rolled back to. */
  history: Revision[]
  /** Those that were stored, and never served. */
  quarantined: Quarantined[]
  /** Something that a person should see, in words. */
  notice: string | null
  /** The last twenty, the newest last. */
  events: HeadEvent[]
  /** The last attempts to log in. `outcome` is `started`, `done`, or the code of the error that ended it. */
  logins: { at: string; by: string; outcome: string; [unknown: string]: unknown }[]
  /** Telegram wants no login before (ISO 8601, UTC). */
  loginBlockedUntil: string | null
  /** When it was last proven that this store honours conditions. */
  provenAt?: string | null | undefined
  /** When and by whom everything under this name was deleted; `id` is that of the lease under which it was. */
  deleted?: { at: string; by: string; id: string; [unknown: string]: unknown } | null | undefined
  /** The highest number that was ever given, if the revision that had it may be gone. */
  lastNumber?: number | null | undefined
  [unknown: string]: unknown
}

/** The entry of `requires` for a current session of this family. */
export function familyFeature(family: string): string {
  return `family-${family}`
}

/** The entry of `requires` for a head that names a patch. */
export const PATCHES = 'patches'

/** `head` with what a reader must understand of what it names; entries that are not ours stay. */
export function withRequirements(head: Head): Head {
  const others = head.requires.filter((entry) => entry !== PATCHES && !entry.startsWith(familyFeature('')))
  const family = head.current?.family ?? null
  const requires = [
    ...others,
    // A version that does not know this kind of file would hand it to a program of another.
    ...(family === null ? [] : [familyFeature(family)]),
    ...(references(head).some(({ base }) => base !== null) ? [PATCHES] : []),
  ]
  return { ...head, requires }
}

/** What a name looks like before anything was ever written under it. */
export const EMPTY_HEAD: Head = {
  format: 2,
  requires: [],
  writeId: '',
  generation: 0,
  holder: null,
  current: null,
  lastLogin: null,
  history: [],
  quarantined: [],
  notice: null,
  events: [],
  logins: [],
  loginBlockedUntil: null,
}

export const MOST_EVENTS = 20

/** `head` with what happened since its last write; what it has already is not written twice. */
export function withEvents(head: Head, happened: readonly HeadEvent[]): Head {
  const isThere = ({ code, at }: HeadEvent): boolean =>
    head.events.some((event) => event.code === code && event.at === at)
  const fresh = happened.filter((event) => !isThere(event))
  return fresh.length === 0 ? head : { ...head, events: [...head.events, ...fresh].slice(-MOST_EVENTS) }
}

/** Every revision that a head names. One may be named several times. */
export function references(value: Head): Revision[] {
  return [value.current, value.lastLogin, ...value.history, ...value.quarantined].filter(
    (entry) => entry !== null,
  )
}

export function refersTo(value: Head, objectKey: string): boolean {
  return references(value).some((entry) => entry.objectKey === objectKey)
}

/** The number of the whole revision that this one is a patch of; null if it is whole. */
export function patchOf({ base }: Revision): number | null {
  return base && Number(/\d+/.exec(base.objectKey)?.[0])
}

/** Every object that something under this name needs: those of its revisions, and the bases of its patches. */
export function neededObjects(value: Head): Set<string> {
  return new Set(
    references(value).flatMap(({ objectKey, base }) => (base ? [objectKey, base.objectKey] : [objectKey])),
  )
}

/** The number that the next revision gets: above every one that was given, and so never one of before. */
export function nextRevision(value: Head): number {
  return 1 + Math.max(value.lastNumber ?? 0, ...references(value).map((entry) => entry.revision))
}

/** The revision of this number, and whether it was quarantined; undefined if the head names none. */
export function findRevision(
  value: Head,
  number: number,
): { revision: Revision; quarantined: boolean } | undefined {
  const numbered = (entry: Revision): boolean => entry.revision === number
  const kept = references({ ...value, quarantined: [] }).find(numbered)
  if (kept) return { revision: kept, quarantined: false }
  const other = value.quarantined.find(numbered)
  return other && { revision: other, quarantined: true }
}

/** What Telegram said of an auth key that it ended: no revision that holds this key can be used again. */
export function deadReason(value: Head, keyFingerprint: string): DeadReason | null {
  const ofKey = references(value).filter((entry) => entry.keyFingerprint === keyFingerprint)
  return DEAD_REASONS.find((reason) => ofKey.some((entry) => entry['dead'] === reason)) ?? null
}
