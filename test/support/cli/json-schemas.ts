import * as z from 'zod'

/** What each command prints with --json, as docs/reference/json.md tells it. */

const text = z.string().nullable()
const date = z.iso.datetime()
const count = z.int().min(0)
const fingerprint = z.string().regex(/^[0-9a-f]{16}$/)

export const holder = z.strictObject({
  id: z.string(),
  label: z.string(),
  since: date,
  beat: count,
  ttlMs: count,
})
/** A head may know more than this release. */
export const revision = z.looseObject({
  revision: z.int().min(1),
  objectKey: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  savedAt: date,
  savedBy: z.string(),
  keyFingerprint: fingerprint,
  userId: text,
  family: text,
  base: z.looseObject({ objectKey: z.string(), sha256: z.string() }).nullable(),
})
const current = revision
  .extend({ dead: z.enum(['revoked', 'duplicated', 'loggedOut']).nullable() })
  .nullable()
const deleted = z.looseObject({ at: date, by: z.string() }).nullable()
const changed = z.strictObject({
  outcome: z.enum(['saved', 'unchanged', 'quarantined']),
  revision: z.int(),
  keyFingerprint: fingerprint,
})

export const SCHEMAS = {
  error: z.strictObject({
    error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string(), exitCode: z.int() }),
  }),
  status: z.strictObject({
    store: z.string(),
    name: z.string(),
    recipient: text,
    generation: count,
    holder: holder.nullable(),
    current,
    lastLogin: revision.nullable(),
    history: z.array(revision),
    quarantined: z.array(revision.extend({ reason: z.string() })),
    notice: text,
    events: z.array(z.looseObject({ code: z.string(), at: date })),
    logins: z.array(z.looseObject({ at: date, by: z.string(), outcome: z.string() })),
    loginBlockedUntil: date.nullable(),
    deleted,
  }),
  list: z.strictObject({
    store: z.string(),
    sessions: z.array(
      z.strictObject({
        name: z.string(),
        current,
        holder: holder.nullable(),
        deleted,
        damage: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
  }),
  history: z.strictObject({
    revisions: z.array(
      z.strictObject({
        revision: z.int(),
        state: z.enum(['current', 'former', 'quarantined']),
        savedAt: date,
        savedBy: z.string(),
        bytes: count,
        keyFingerprint: fingerprint,
        userId: text,
        family: text.optional(),
        lastLogin: z.boolean(),
        patchOf: z.int().nullable(),
        note: text,
      }),
    ),
  }),
  push: changed,
  rollback: changed.extend({ from: z.int() }),
  pull: z.strictObject({
    file: z.string(),
    revision: z.int().nullable(),
    bytes: count,
    keyFingerprint: fingerprint,
  }),
  convert: z.strictObject({ file: z.string(), format: z.string(), bytes: count }),
  unlock: z.strictObject({ outcome: z.enum(['unlocked', 'free']), holder: holder.nullable() }),
  fork: z.strictObject({
    name: text,
    file: text,
    revision: z.int().nullable(),
    keyFingerprint: fingerprint,
    userId: z.string(),
  }),
  logout: z.strictObject({
    outcome: z.enum(['loggedOut', 'revoked']),
    name: z.string(),
    keyFingerprint: fingerprint,
  }),
  copy: z.strictObject({
    outcome: z.literal('copied'),
    name: z.string(),
    from: z.string(),
    to: z.string(),
    copied: count,
    left: z.array(z.int()),
  }),
  reseal: z.strictObject({
    outcome: z.enum(['saved', 'unchanged']),
    name: z.string(),
    resealed: count,
    left: z.array(z.int()),
  }),
  delete: z.strictObject({ outcome: z.literal('deleted'), name: z.string(), removed: count }),
  keygen: z.strictObject({ key: text, recipient: z.string().startsWith('age1'), file: text }),
  doctor: z.strictObject({
    ok: z.boolean(),
    exitCode: z.int(),
    checks: z.array(
      z.strictObject({
        check: z.string(),
        state: z.enum(['ok', 'warning', 'failed', 'skipped']),
        detail: z.string(),
        hint: text,
        code: text,
        exitCode: z.int().nullable(),
      }),
    ),
  }),
  config: z.strictObject({
    TGSESSION_STORE: text,
    storeSource: text,
    TGSESSION_CONTAINER: text,
    TGSESSION_TABLE_PREFIX: text,
    TGSESSION_NAME: z.string(),
    TGSESSION_ENCRYPTION: z.enum(['age', 'none']),
    TGSESSION_KEY: z.literal('set').nullable(),
    TGSESSION_KEY_PREVIOUS: z.literal('set').nullable(),
    TGSESSION_RECIPIENT: text,
    TGSESSION_FILE: text,
    TGSESSION_CLIENT: text,
    TGSESSION_LEASE_TTL: z.number(),
    TGSESSION_MAX_SIZE: z.number(),
    TGSESSION_SAVE_AFTER: z.number().nullable(),
    TGSESSION_SHUTDOWN: z.number(),
    TGSESSION_USER_ID: text,
    TGSESSION_WEB_TOKEN: z.literal('set').nullable(),
    TGSESSION_HEARTBEAT: z.literal('set').nullable(),
    TGSESSION_IMPORT: z.literal('set').nullable(),
    TGSESSION_IMPORT_WAIT: z.number().nullable(),
    TELEGRAM_API_ID: z.int().nullable(),
    TELEGRAM_API_HASH: z.literal('set').nullable(),
    PORT: z.int().nullable(),
    instance: z.string(),
  }),
  inspect: z.strictObject({
    format: z.string(),
    version: z.int().nullable(),
    dcId: z.int(),
    serverAddress: text,
    port: z.int(),
    loggedIn: z.boolean(),
    keyFingerprint: fingerprint.nullable(),
    takeoutId: text,
    userId: text,
    entities: count,
    sentFiles: count,
    updateStates: count,
    otherKeys: count,
    withoutRowid: z.boolean(),
    bytes: count,
    problems: z.array(z.string()),
  }),
  transfer: z.strictObject({
    done: count,
    failed: z.array(z.strictObject({ id: z.string(), code: z.string(), message: z.string() })),
  }),
  event: z.looseObject({ at: date, event: z.string() }),
  login: z.strictObject({
    outcome: z.enum(['saved', 'unchanged']),
    name: z.string(),
    revision: z.int().nullable(),
    keyFingerprint: fingerprint.nullable(),
    userId: text,
  }),
}
