/** What a patch is a change of: one whole revision. */
export interface Base {
  objectKey: string
  /** SHA-256 of its plain file, hex. */
  sha256: string
  [unknown: string]: unknown
}

/** One saved state of the session: where it lies, and what is known of it without opening it. */
export interface Revision {
  revision: number
  /** Where it lies: the object's key under `<prefix>/<name>/`. */
  objectKey: string
  /** SHA-256 of the plain file, hex. */
  sha256: string
  /** Size of the plain file in bytes: unpacking stops there. */
  bytes: number
  savedAt: string
  savedBy: string
  /** auth_key_id, 16 hex digits. */
  keyFingerprint: string
  userId: string | null
  /** Whose file it is: Telethon's is null. */
  family: string | null
  /** The whole revision that this one is a patch of; null: it is whole. */
  base: Base | null
  /** The recipient that it was sealed for; null: it is readable. */
  sealedFor?: string | null | undefined
  [unknown: string]: unknown
}
/** Why Telegram takes an auth key no more. `banned` and `deleted` are of the account: no other login can help. */
export const DEAD_REASONS = ['revoked', 'duplicated', 'loggedOut', 'banned', 'deleted'] as const
export type DeadReason = (typeof DEAD_REASONS)[number]

export interface Current extends Revision {
  dead: DeadReason | null
}
export interface Quarantined extends Revision {
  reason: string
}

/** Something that happened to an instance, for people: its code and when (ISO 8601, UTC). */
export interface HeadEvent {
  code: string
  at: string
  [unknown: string]: unknown
}

/** head.json. Fields that this version does not know are kept, here and in what it holds. */
export interface Head {
  format: 2
  /** What a reader must understand before it changes anything under this name. */
  requires: string[]
  writeId: string
  generation: number
  holder: { id: string; label: string; since: string; beat: number; ttlMs: number } | null
  current: Current | null
  lastLogin: Revision | null
  history: Revision[]
  quarantined: Quarantined[]
  notice: string | null
  /** The last twenty, the newest last. */
  events: HeadEvent[]
  logins: { at: string; by: string; outcome: string; [unknown: string]: unknown }[]
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

/** Every revision that a head names. One may stand at several places. */
export function references(value: Head): Revision[] {
  return [value.current, value.lastLogin, ...value.history, ...value.quarantined].filter(
    (entry) => entry !== null,
  )
}

export function refersTo(value: Head, objectKey: string): boolean {
  return references(value).some((entry) => entry.objectKey === objectKey)
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
