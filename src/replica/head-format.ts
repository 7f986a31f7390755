import * as z from 'zod/mini'
import { BadDataError } from '../base/errors.ts'
import { type Base, DEAD_REASONS, EMPTY_HEAD, familyFeature, type Head, PATCHES, references } from './head.ts'

/** What this version understands beside the format itself: the entries of `requires` that it may meet. */
export const FEATURES: readonly string[] = [
  PATCHES,
  ...['pyrogram', 'pyrofork', 'kurigram', 'kurigram6', 'mtcute'].map(familyFeature),
]

/** The largest head that is read or written: hundreds of revisions. */
export const HEAD_BYTES = 1024 * 1024

/** No counter comes this far, and all numbers up to here are exact, in every program that reads JSON. */
const MOST = 999_999_999_999_999
const DAY_MS = 24 * 60 * 60 * 1000
/** No head of ours is nested deeper, and deeper ones would exhaust the stack when they are written back. */
const DEEPEST = 32

/** The one form of an object key: a head can name nothing but revisions of its own name. */
const OBJECT_KEY = /^revisions\/(\d{8,15})-[0-9a-f]{64}\.session(\.patch)?\.zst(?:\.age)?$/

const count = (least: number, most = MOST): z.ZodMiniNumber =>
  z.int().check(z.minimum(least), z.maximum(most))
const objectKey = z.string().check(z.regex(OBJECT_KEY))
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))

const revision = z.looseObject({
  revision: count(1),
  objectKey,
  sha256,
  bytes: count(1),
  savedAt: z.string(),
  savedBy: z.string(),
  keyFingerprint: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  userId: z.nullable(z.string()),
  family: z.nullable(z.string()),
  base: z.nullable(z.looseObject({ objectKey, sha256 })),
  sealedFor: z.nullish(z.string()),
})

const head: z.ZodMiniType<Head> = z.looseObject({
  format: z.literal(2),
  requires: z.array(z.string()),
  writeId: z.string(),
  generation: count(0),
  holder: z.nullable(
    z.looseObject({
      id: z.string().check(z.minLength(1)),
      label: z.string(),
      since: z.string(),
      beat: count(0),
      ttlMs: count(1, DAY_MS),
    }),
  ),
  current: z.nullable(
    z.extend(revision, {
      dead: z.nullable(z.enum(DEAD_REASONS)),
    }),
  ),
  lastLogin: z.nullable(revision),
  history: z.array(revision),
  quarantined: z.array(z.extend(revision, { reason: z.string() })),
  notice: z.nullable(z.string()),
  events: z.array(z.looseObject({ code: z.string(), at: z.string() })),
  logins: z.array(z.looseObject({ at: z.string(), by: z.string(), outcome: z.string() })),
  loginBlockedUntil: z.nullable(z.string()),
  provenAt: z.nullish(z.string()),
  deleted: z.nullish(z.looseObject({ at: z.string(), by: z.string(), id: z.string() })),
  lastNumber: z.nullish(count(0)),
})

const HINT =
  'Nothing was changed. Restore it from a backup of the store. Or take the session out by hand, as in docs/recovery.md, then `tgsession delete` the name, and push the session again.'

/**
 * Reads head.json; unknown fields are kept. `features` is what its reader understands.
 *
 * @throws BadDataError `head.corrupt`; `head.newer` for an unknown format or an unknown entry of `requires`: nothing
 *   under that name may be changed then; `head.older`
 */
export function parseHead(bytes: Uint8Array, features: readonly string[] = FEATURES): Head {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw corrupt('it is not JSON')
  }
  requireKnown(json, features)
  if (isDeeper(json, DEEPEST)) throw corrupt('its values are nested too deeply')
  return checked(json, 'is damaged')
}

/** Whether `tgsession delete` may put another in the place of what `parseHead` could not read: never of a newer one. */
export function isReplaceable(error: unknown): boolean {
  return error instanceof BadDataError && ['head.corrupt', 'head.older'].includes(error.code)
}

/**
 * What can still be told of a head that `parseHead` could not read, for the one that takes its place: the generation and
 * Telegram's ban on logins, which must not be forgotten, and how long its holder may live (ms; 0 if that is not known).
 */
export function salvageHead(bytes: Uint8Array): { head: Head; ttlMs: number } {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // Nothing can be recovered.
  }
  const { generation, loginBlockedUntil, holder } = fieldsOf(json)
  const { ttlMs } = fieldsOf(holder)
  const salvaged = {
    ...EMPTY_HEAD,
    generation: count(0, MOST - 1).safeParse(generation).data ?? 0,
    loginBlockedUntil: z.string().safeParse(loginBlockedUntil).data ?? null,
  }
  return { head: salvaged, ttlMs: count(1, DAY_MS).safeParse(ttlMs).data ?? 0 }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** @throws BadDataError `head.corrupt` instead of writing what could not be read again. */
export function encodeHead(value: Head): Uint8Array {
  const bytes = new TextEncoder().encode(`${JSON.stringify(checked(value, 'cannot be changed'), null, 2)}\n`)
  if (bytes.length > HEAD_BYTES) throw corrupt('it would become too large')
  return bytes
}

function requireKnown(json: unknown, features: readonly string[]): void {
  if (typeof json !== 'object' || json === null) return
  const { format, requires }: { format?: unknown; requires?: unknown } = json
  if (format === 1)
    throw new BadDataError('head.older', 'head.json has format 1, of a version before the first release', {
      hint: 'Pull the session with the version that wrote it, then `tgsession delete` the name with this one, and push the file.',
    })
  const unknown = Array.isArray(requires)
    ? requires.filter((entry): entry is string => typeof entry === 'string' && !features.includes(entry))
    : []
  const what =
    Number.isInteger(format) && format !== 2
      ? `has format ${String(format)}; this version knows format 2`
      : unknown.length > 0
        ? `needs what this version does not have: ${unknown.map(nameOf).join(', ')}`
        : undefined
  if (what !== undefined)
    throw new BadDataError('head.newer', `head.json ${what}`, {
      hint: 'A newer tgsession wrote it. Update tgsession on this host; nothing was changed.',
    })
}

/** Foreign text is shown only if it looks like a name of ours. */
function nameOf(feature: string): string {
  return /^[a-z][a-z-]{0,30}$/.test(feature) ? feature : 'a feature without a proper name'
}

function checked(value: unknown, what: string): Head {
  const parsed = head.safeParse(value)
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || '(top)')
    throw corrupt([...new Set(fields)].join(', '), what)
  }
  for (const entry of references(parsed.data)) {
    const [, number, patch] = OBJECT_KEY.exec(entry.objectKey) ?? []
    if (Number(number) !== entry.revision)
      throw corrupt(`revision ${entry.revision} has the object key of another`, what)
    if ((patch !== undefined) !== (entry.base !== null) || isPatch(entry.base))
      throw corrupt(`revision ${entry.revision} is not a patch of one whole revision, nor whole`, what)
  }
  return parsed.data
}

const isPatch = (base: Base | null): boolean =>
  base !== null && OBJECT_KEY.exec(base.objectKey)?.[2] !== undefined

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return most === 0 || Object.values(value).some((entry) => isDeeper(entry, most - 1))
}

function corrupt(why: string, what = 'is damaged'): BadDataError {
  return new BadDataError('head.corrupt', `head.json ${what}: ${why}`, { hint: HINT })
}
