import { createHmac, randomUUID } from 'node:crypto'
import * as z from 'zod/mini'
import { BadDataError, ConflictError, ForbiddenError, type RefusedError } from '../../base/errors.ts'
import type { ObjectStore, StoredObject } from '../../store/store.ts'
import { blocked, DAY_MS, later, MOST_SENDS, tooMany } from './refusals.ts'

/** No name begins like this. */
const FOLDER = '_logins/'
const MOST_BYTES = 4096
/** So many others in a row change it at the same moment only if something is wrong. */
const TRIES = 10

const log = z.object({
  format: z.literal(1),
  /** Fresh on every write: equal bytes would have equal versions in some stores. */
  writeId: z.string(),
  sends: z.array(z.string()).check(z.maxLength(50)),
  blockedUntil: z.nullable(z.string()),
})
type Log = z.infer<typeof log>

/**
 * What one phone number asked of Telegram, under whatever name of the store: Telegram counts by the number. The object's
 * name is an HMAC of the number, so that nobody without TGSESSION_KEY learns whose it is, or looks for one.
 */
export class PhoneLog {
  readonly #store: ObjectStore
  readonly #keys: readonly Uint8Array[]

  /** `keys`: the one in force, then those before, under which something may still lie. */
  constructor(store: ObjectStore, keys: readonly Uint8Array[]) {
    this.#store = store
    this.#keys = keys
  }

  /**
   * Counts one more, unless `ignoresLimit` is needed for that. False if this store cannot tell: there is no key, or
   * these credentials do not reach it.
   * @throws RefusedError login.blocked, login.too_many; BadDataError login.guard_corrupt
   */
  async count(phone: string, nowMs: number, ignoresLimit: boolean): Promise<boolean> {
    return await this.#change(phone, (before) => {
      const sends = recent(before.sends, nowMs)
      const refused = refusal({ ...before, sends }, nowMs, ignoresLimit)
      if (refused) throw refused
      return { ...before, sends: [...sends, new Date(nowMs).toISOString()].slice(-MOST_SENDS * 4) }
    })
  }

  /** Telegram wants none before `until` (ISO 8601, UTC); a longer wait is never shortened. */
  async block(phone: string, until: string): Promise<void> {
    await this.#change(phone, (before) => ({ ...before, blockedUntil: later(before.blockedUntil, until) }))
  }

  async #change(phone: string, next: (before: Log) => Log): Promise<boolean> {
    const [key, ...former] = this.#keys.map((secret) => keyOf(secret, phone))
    if (key === undefined) return false
    try {
      const older = await Promise.all(former.map((one) => this.#read(one)))
      for (let tries = 1; ; tries++) {
        const found = await this.#store.get(key, { maxBytes: MOST_BYTES })
        const before = [...older, logOf(found, key)].reduce(merged)
        const bytes = new TextEncoder().encode(
          `${JSON.stringify({ ...next(before), writeId: randomUUID() })}\n`,
        )
        try {
          await this.#store.put(key, bytes, found?.version ?? 'absent')
          return true
        } catch (error) {
          if (!(error instanceof ConflictError) || tries === TRIES) throw error
        }
      }
    } catch (error) {
      if (error instanceof ForbiddenError) return false
      throw error
    }
  }

  async #read(key: string): Promise<Log> {
    return logOf(await this.#store.get(key, { maxBytes: MOST_BYTES }), key)
  }
}

const NOTHING: Log = { format: 1, writeId: '', sends: [], blockedUntil: null }

function keyOf(secret: Uint8Array, phone: string): string {
  const digits = phone.replaceAll(/\D/g, '')
  return `${FOLDER}${createHmac('sha256', secret).update(digits).digest('hex').slice(0, 32)}.json`
}

function merged(a: Log, b: Log): Log {
  const sends = [...new Set([...a.sends, ...b.sends])].toSorted()
  return { ...b, sends, blockedUntil: later(a.blockedUntil, b.blockedUntil) }
}

/** A clock that was ahead must not count for ever. */
function recent(sends: readonly string[], nowMs: number): string[] {
  return sends.filter((at) => Math.abs(nowMs - Date.parse(at)) < DAY_MS)
}

function refusal({ blockedUntil, sends }: Log, nowMs: number, ignoresLimit: boolean): RefusedError | null {
  return blocked(blockedUntil, nowMs) ?? (ignoresLimit ? null : tooMany(sends, 'this phone number'))
}

function logOf(found: StoredObject | null, key: string): Log {
  if (found === null) return NOTHING
  try {
    const parsed = log.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(found.bytes)))
    if (parsed.success) return parsed.data
  } catch {
    // Told below.
  }
  throw new BadDataError('login.guard_corrupt', `${key} is damaged, or of a newer version`, {
    hint: 'Update tgsession on this host. If it is damaged, remove that object: it only counts logins.',
  })
}
