import { z } from 'zod'
import { BadDataError } from '../errors.ts'

/** One saved state of the session: where it lies, and what is known of it without opening it. */
const revision = z.looseObject({
  revision: z.int().positive(),
  /** Object key under `<prefix>/<name>/`. */
  key: z.string().min(1),
  /** SHA-256 of the plain file, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Size of the plain file in bytes: unpacking stops there. */
  bytes: z.int().positive(),
  savedAt: z.string(),
  savedBy: z.string(),
  /** auth_key_id, 16 hex digits. */
  keyFingerprint: z.string().regex(/^[0-9a-f]{16}$/),
  userId: z.string().nullable(),
})
const current = revision.extend({ dead: z.enum(['revoked', 'duplicated', 'loggedOut']).nullable() })
const aside = revision.extend({ reason: z.string() })

const holder = z.looseObject({
  id: z.string().min(1),
  label: z.string(),
  since: z.string(),
  beat: z.int().nonnegative(),
  ttlMs: z.int().positive(),
})

const head = z.looseObject({
  format: z.literal(1),
  writeId: z.string(),
  generation: z.int().nonnegative(),
  holder: holder.nullable(),
  current: current.nullable(),
  lastLogin: revision.nullable(),
  history: z.array(revision),
  aside: z.array(aside),
  notice: z.string().nullable(),
  logins: z.array(z.looseObject({ at: z.string(), by: z.string(), outcome: z.string() })),
  loginBlockedUntil: z.string().nullable(),
  /** When it was last proven that this store honours conditions. */
  provenAt: z.string().nullish(),
  /** When and by whom everything under this name was deleted; `id` is that of the lease under which it was. */
  deleted: z.looseObject({ at: z.string(), by: z.string(), id: z.string() }).nullish(),
  /** The highest number that was ever given, where the revision that had it may be gone. */
  lastNumber: z.int().nonnegative().nullish(),
})

export type Revision = z.infer<typeof revision>
export type Current = z.infer<typeof current>
export type Aside = z.infer<typeof aside>
export type Head = z.infer<typeof head>

/** What a name looks like before anything was ever written under it. */
export const EMPTY_HEAD: Head = {
  format: 1,
  writeId: '',
  generation: 0,
  holder: null,
  current: null,
  lastLogin: null,
  history: [],
  aside: [],
  notice: null,
  logins: [],
  loginBlockedUntil: null,
}

const HINT =
  'Nothing was changed. Look at the object yourself; `tgsession push` into another TGSESSION_NAME starts afresh.'

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
  return [value.current, value.lastLogin, ...value.history, ...value.aside].filter((entry) => entry !== null)
}

export function refersTo(value: Head, key: string): boolean {
  return references(value).some((entry) => entry.key === key)
}

/** The number that the next revision gets: above every one that was given, and so never one of before. */
export function nextRevision(value: Head): number {
  return 1 + Math.max(value.lastNumber ?? 0, ...references(value).map((entry) => entry.revision))
}

/** The revision of this number, and whether it was set aside; undefined where the head names none. */
export function findRevision(
  value: Head,
  number: number,
): { revision: Revision; aside: boolean } | undefined {
  const numbered = (entry: Revision): boolean => entry.revision === number
  const kept = references({ ...value, aside: [] }).find(numbered)
  if (kept) return { revision: kept, aside: false }
  const other = value.aside.find(numbered)
  return other && { revision: other, aside: true }
}

/** What Telegram said of a key, where it ended it: no revision that holds this key can be used again. */
export function deadReason(value: Head, keyFingerprint: string): string | null {
  const dead = references(value).find(
    (entry) => entry.keyFingerprint === keyFingerprint && typeof entry['dead'] === 'string',
  )?.['dead']
  return typeof dead === 'string' ? dead : null
}
