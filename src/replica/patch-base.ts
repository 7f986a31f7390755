import type { Cipher } from '../seal/cipher.ts'
import { release } from '../seal/free.ts'
import { makePatch, MOST_PATCHED_BYTES, patchesWork } from '../seal/patch.ts'
import type { Base, Revision } from './head.ts'

export interface PatchBaseOptions {
  cipher: Cipher
  /** Whether this Node can write and open patches; found out unless given. */
  patchesWork?: (() => Promise<boolean>) | undefined
}

/** What decides whether one revision may be a patch of another. */
type Kin = Pick<Revision, 'keyFingerprint' | 'family'>

/** A patch that is larger than this share of its base is no gain. */
const SHARE = 1 / 4
const DAY_MS = 24 * 60 * 60 * 1000
/** How long it is believed that the base still lies in the store: every patch is lost with it. */
const LOOK_MS = 10 * 60 * 1000

/**
 * The one whole revision that the next saves are patches of: the last that was written, or opened to be served. It is
 * kept packed; its plain file would be memory that nobody else needs.
 */
export class PatchBase {
  readonly #options: PatchBaseOptions
  #kept: { revision: Revision; packed: Uint8Array } | undefined
  #lookedAt: number | undefined

  constructor(options: PatchBaseOptions) {
    this.#options = options
  }

  /** Returns whether it was kept: `packed` may not be given back then. */
  keep(revision: Revision, packed: Uint8Array): boolean {
    this.#kept = revision.bytes > MOST_PATCHED_BYTES ? undefined : { revision, packed }
    this.#lookedAt = undefined
    return this.#kept !== undefined
  }

  /** Whether this Node can write and open patches. */
  works(): Promise<boolean> {
    return (this.#options.patchesWork ?? patchesWork)()
  }

  /** Drops the base if it is no longer in the store, which is looked up now and then. */
  async look(isThere: (objectKey: string) => Promise<boolean>, nowMs: number): Promise<void> {
    const kept = this.#kept
    if (!kept) return
    this.#lookedAt ??= nowMs
    if (Math.abs(nowMs - this.#lookedAt) < LOOK_MS) return
    if (await isThere(kept.revision.objectKey)) this.#lookedAt = nowMs
    else if (this.#kept === kept) this.#kept = undefined
  }

  /** Whether the next save will be a patch, unless too much changes. */
  async serves(next: Kin, nowMs: number): Promise<boolean> {
    return this.#for(next, nowMs) !== undefined && (await this.works())
  }

  /** What makes `plain` of the base; null: it must be stored whole. */
  async patch(
    plain: Uint8Array,
    next: Kin,
    nowMs: number,
  ): Promise<{ base: Base; packed: Uint8Array } | null> {
    const kept = this.#for(next, nowMs)
    if (!kept || plain.length > MOST_PATCHED_BYTES || !(await this.works())) return null
    const { objectKey, sha256, bytes } = kept.revision
    const base = await this.#options.cipher.unpack(kept.packed, bytes)
    const packed = await makePatch(base, plain, kept.packed.length * SHARE)
    release(base)
    return packed && { base: { objectKey, sha256 }, packed }
  }

  /** A base is of the same auth key and family, sealed for the same key, and less than a day old. */
  #for(next: Kin, nowMs: number): { revision: Revision; packed: Uint8Array } | undefined {
    if (!this.#kept) return undefined
    const { keyFingerprint, family, sealedFor, savedAt } = this.#kept.revision
    const isYoung = Math.abs(nowMs - Date.parse(savedAt)) < DAY_MS
    const isKin = keyFingerprint === next.keyFingerprint && family === next.family
    return isYoung && isKin && sealedFor === this.#options.cipher.sealsFor ? this.#kept : undefined
  }
}
