import { randomUUID } from 'node:crypto'
import * as z from 'zod/mini'
import { BadDataError, ConflictError, ForbiddenError } from '../base/errors.ts'
import type { ObjectStore, StoredObject, StoreOptions } from '../store/store.ts'
import { DEAD_REASONS, type DeadReason, deadReason, type Head } from './head.ts'
import { HEAD_BYTES, isReplaceable, parseHead } from './head-format.ts'
import { deadKey } from './refusals.ts'

export interface ClaimsOptions {
  store: ObjectStore
  /** Whose claims these are. */
  name: string
  /** What this instance understands of another name's head. */
  features?: readonly string[] | undefined
}

/** Whether the auth key is now this name's alone. `not checked`: the credentials do not reach the claims, as those of a CI that may write one name only. */
export type Claimed = 'claimed' | 'not checked'

/** No name begins like this. */
const FOLDER = '_claims/'
const MOST_BYTES = 4096
/** So many others in a row change a claim at the same moment only if something is wrong. */
const TRIES = 10

const claim = z.object({
  format: z.literal(1),
  /** Fresh on every write: equal bytes would have equal versions in some stores. */
  writeId: z.string(),
  name: z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)),
  dead: z.nullable(z.enum(DEAD_REASONS)),
})
type Claim = z.infer<typeof claim>

/**
 * One auth key, one name: two names with one key would have two leases, and Telegram kills the key of two who use it.
 * A claim is an object of its own, made by put-if-absent before a head names the key. It counts as long as the head of
 * its name bears it out, and stays when it counts no more: the store has had that key. What Telegram ended stays ended
 * under every name.
 */
export class Claims {
  readonly #options: ClaimsOptions

  constructor(options: ClaimsOptions) {
    this.#options = options
  }

  /**
   * @throws ConflictError `session.claimed` if another name has this auth key
   * @throws RefusedError `session.dead_key` if Telegram has ended it, whatever name found out
   */
  async make(keyFingerprint: string, options: StoreOptions = {}): Promise<Claimed> {
    const found = await this.check(keyFingerprint, options)
    if (typeof found === 'object') throw deadKey(found.dead)
    return found
  }

  /** The same, for a key that may be dead already. */
  async check(keyFingerprint: string, options: StoreOptions = {}): Promise<Claimed | { dead: DeadReason }> {
    const { name } = this.#options
    try {
      const after = await this.#change(keyFingerprint, options, async (before) => {
        if (before?.name === name || (before && before.dead !== null)) return before
        const dead = before && (await this.#refuse(before.name, keyFingerprint, options))
        return { ...NEW, name, dead }
      })
      return after.dead === null ? 'claimed' : { dead: after.dead }
    } catch (error) {
      if (error instanceof ForbiddenError) return 'not checked'
      throw error
    }
  }

  /** Telegram has ended this auth key, for every copy of it. */
  async markDead(keyFingerprint: string, dead: DeadReason, options: StoreOptions = {}): Promise<void> {
    const { name } = this.#options
    const change = async (before: Claim | null): Promise<Claim> => ({ ...NEW, name, ...before, dead })
    await this.#change(keyFingerprint, options, change)
  }

  /** @internal What is known of an auth key; null for one that this store never had. */
  async find(keyFingerprint: string, { signal }: StoreOptions = {}): Promise<Claim | null> {
    const key = keyOf(keyFingerprint)
    const found = await this.#options.store.get(key, { signal, maxBytes: MOST_BYTES })
    return found && claimOf(found, key)
  }

  /** Remembers an auth key that is stored but not in use. A claim that exists stays. */
  async remember(keyFingerprint: string, options: StoreOptions = {}): Promise<void> {
    const { name } = this.#options
    await this.#change(keyFingerprint, options, async (before) => before ?? { ...NEW, name })
  }

  /** Null if the other name no longer has the key; else its reason, if it marks the key dead. */
  async #refuse(other: string, keyFingerprint: string, { signal }: StoreOptions): Promise<DeadReason | null> {
    const { store, features } = this.#options
    const found = await store.get(`${other}/head.json`, { signal, maxBytes: HEAD_BYTES })
    // What cannot be read may name the key: "could not read" is never "not there".
    const head = found && headOf(found, other, features)
    if (head === null) return null
    const dead = deadReason(head, keyFingerprint)
    if (dead !== null) return dead
    if (head.current?.keyFingerprint === keyFingerprint)
      throw claimed(other, `as revision ${head.current.revision}`)
    return null
  }

  /** Read, decide, write on the condition that it is still the same; again if it is not. */
  async #change(
    keyFingerprint: string,
    { signal }: StoreOptions,
    next: (before: Claim | null) => Promise<Claim>,
  ): Promise<Claim> {
    const { store } = this.#options
    const key = keyOf(keyFingerprint)
    for (let tries = 1; ; tries++) {
      const found = await store.get(key, { signal, maxBytes: MOST_BYTES })
      const before = found && claimOf(found, key)
      const after = await next(before)
      if (before && before.name === after.name && before.dead === after.dead) return before
      const bytes = new TextEncoder().encode(`${JSON.stringify({ ...after, writeId: randomUUID() })}\n`)
      try {
        await store.put(key, bytes, found?.version ?? 'absent', { signal })
        return after
      } catch (error) {
        if (!(error instanceof ConflictError) || tries === TRIES) throw error
      }
    }
  }
}

const keyOf = (keyFingerprint: string): string => `${FOLDER}${keyFingerprint}.json`
const NEW = { format: 1, writeId: '', dead: null } as const

function headOf(found: StoredObject, name: string, features: readonly string[] | undefined): Head {
  try {
    return parseHead(found.bytes, features)
  } catch (error) {
    if (!(error instanceof BadDataError)) throw error
    const hint = isReplaceable(error)
      ? `Push it under that name: \`tgsession delete --name ${name}\` removes what cannot be read, with its revisions. Or log in a second time.`
      : error.hint
    throw claimed(name, `whose head cannot be read here (${error.code})`, hint)
  }
}

function claimOf({ bytes }: StoredObject, key: string): Claim {
  try {
    const parsed = claim.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
    if (parsed.success) return parsed.data
  } catch {
    // Told below.
  }
  throw new BadDataError('claim.corrupt', `${key} is damaged, or of a newer version`, {
    hint: `Update tgsession on this host. If it is damaged: look which name has this auth key with \`tgsession list\`, then remove that object, which in a folder store is the folder .versions/keys/${key}%.`,
  })
}

function claimed(
  other: string,
  how: string,
  hint = `Two names with one auth key end in AUTH_KEY_DUPLICATED. Delete the other with \`tgsession delete --name ${other}\`, or log in a second time.`,
): ConflictError {
  return new ConflictError('session.claimed', `this auth key is stored under the name ${other}, ${how}`, {
    hint,
  })
}
