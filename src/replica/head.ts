import * as z from 'zod/mini'
import { BadDataError } from '../base/errors.ts'

/** One saved state of the session: where it lies, and what is known of it without opening it. */
export interface Revision {
  revision: number
  /** Object key under `<prefix>/<name>/`. */
  key: string
  /** SHA-256 of the plain file, hex. */
  sha256: string
  /** Size of the plain file in bytes: unpacking stops there. */
  bytes: number
  savedAt: string
  savedBy: string
  /** auth_key_id, 16 hex digits. */
  keyFingerprint: string
  userId: string | null
  /** The public key that it was sealed for; null: it is readable; older versions do not tell. */
  sealedFor?: string | null | undefined
  [unknown: string]: unknown
}
export interface Current extends Revision {
  dead: 'revoked' | 'duplicated' | 'loggedOut' | null
}
export interface Quarantined extends Revision {
  reason: string
}

/** head.json. Fields that this version does not know are kept, here and in what it holds. */
export interface Head {
  format: 1
  writeId: string
  generation: number
  holder: { id: string; label: string; since: string; beat: number; ttlMs: number } | null
  current: Current | null
  lastLogin: Revision | null
  history: Revision[]
  quarantined: Quarantined[]
  notice: string | null
  logins: { at: string; by: string; outcome: string; [unknown: string]: unknown }[]
  loginBlockedUntil: string | null
  /** When it was last proven that this store honours conditions. */
  provenAt?: string | null | undefined
  /** When and by whom everything under this name was deleted; `id` is that of the lease under which it was. */
  deleted?: { at: string; by: string; id: string; [unknown: string]: unknown } | null | undefined
  /** The highest number that was ever given, where the revision that had it may be gone. */
  lastNumber?: number | null | undefined
  [unknown: string]: unknown
}

const revision = z.looseObject({
  revision: z.int().check(z.positive()),
  key: z.string().check(z.minLength(1)),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  bytes: z.int().check(z.positive()),
  savedAt: z.string(),
  savedBy: z.string(),
  keyFingerprint: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  userId: z.nullable(z.string()),
  sealedFor: z.nullish(z.string()),
})

const head: z.ZodMiniType<Head> = z.looseObject({
  format: z.literal(1),
  writeId: z.string(),
  generation: z.int().check(z.nonnegative()),
  holder: z.nullable(
    z.looseObject({
      id: z.string().check(z.minLength(1)),
      label: z.string(),
      since: z.string(),
      beat: z.int().check(z.nonnegative()),
      ttlMs: z.int().check(z.positive()),
    }),
  ),
  current: z.nullable(
    z.extend(revision, { dead: z.nullable(z.enum(['revoked', 'duplicated', 'loggedOut'])) }),
  ),
  lastLogin: z.nullable(revision),
  history: z.array(revision),
  quarantined: z.array(z.extend(revision, { reason: z.string() })),
  notice: z.nullable(z.string()),
  logins: z.array(z.looseObject({ at: z.string(), by: z.string(), outcome: z.string() })),
  loginBlockedUntil: z.nullable(z.string()),
  provenAt: z.nullish(z.string()),
  deleted: z.nullish(z.looseObject({ at: z.string(), by: z.string(), id: z.string() })),
  lastNumber: z.nullish(z.int().check(z.nonnegative())),
})

/** What a name looks like before anything was ever written under it. */
export const EMPTY_HEAD: Head = {
  format: 1,
  writeId: '',
  generation: 0,
  holder: null,
  current: null,
  lastLogin: null,
  history: [],
  quarantined: [],
  notice: null,
  logins: [],
  loginBlockedUntil: null,
}

const HINT =
  'Nothing was changed, and the revisions beside it can still be opened: docs/recovery.md. `tgsession push` into another TGSESSION_NAME starts afresh.'

/** Reads head.json; unknown fields are kept. Throws BadDataError (`head.corrupt`, `head.newer`). */
export function parseHead(bytes: Uint8Array): Head {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new BadDataError('head.corrupt', 'head.json is not JSON', { hint: HINT })
  }
  if (
    typeof json === 'object' &&
    json !== null &&
    'format' in json &&
    json.format !== 1 &&
    Number.isInteger(json.format)
  )
    throw new BadDataError(
      'head.newer',
      `head.json has format ${String(json.format)}; this version knows format 1`,
      {
        hint: 'Update tgsession on this host. Nothing was changed.',
      },
    )
  const parsed = head.safeParse(json)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || '(top)')
  throw new BadDataError('head.corrupt', `head.json is damaged: ${[...new Set(fields)].join(', ')}`, {
    hint: HINT,
  })
}

export function encodeHead(value: Head): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
}

/** Everything that a head refers to: these objects must stay. One revision may stand at several places. */
export function references(value: Head): Revision[] {
  return [value.current, value.lastLogin, ...value.history, ...value.quarantined].filter(
    (entry) => entry !== null,
  )
}

export function refersTo(value: Head, key: string): boolean {
  return references(value).some((entry) => entry.key === key)
}

/** The number that the next revision gets: above every one that was given, and so never one of before. */
export function nextRevision(value: Head): number {
  return 1 + Math.max(value.lastNumber ?? 0, ...references(value).map((entry) => entry.revision))
}

/** The revision of this number, and whether it was quarantined; undefined where the head names none. */
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

/** What Telegram said of a key, where it ended it: no revision that holds this key can be used again. */
export function deadReason(value: Head, keyFingerprint: string): string | null {
  const dead = references(value).find(
    (entry) => entry.keyFingerprint === keyFingerprint && typeof entry['dead'] === 'string',
  )?.['dead']
  return typeof dead === 'string' ? dead : null
}
