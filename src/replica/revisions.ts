import { createHash } from 'node:crypto'
import { BadDataError, ConflictError, ForbiddenError, UnsupportedError } from '../base/errors.ts'
import type { ObjectStore, StoreOptions } from '../store/store.ts'
import type { Cipher } from '../seal/cipher.ts'
import { release } from '../seal/free.ts'
import { MOST_PATCHED_BYTES, patchUnsupported } from '../seal/patch.ts'
import { type Base, EMPTY_HEAD, type Head, references, type Revision } from './head.ts'
import { PatchBase } from './patch-base.ts'

/** What is known of a plain session file once it was checked; from the `verify` that is handed in. */
export interface Verified {
  keyFingerprint: string
  userId: string | null
  /** The family of the file; Telethon by default. */
  family?: string | null | undefined
}

/** How the head names it: a family that every version reads is null. */
const TELETHON = 'telethon'

/** What a revision is, less what its bytes tell. */
export interface About extends Verified {
  revision: number
  savedAt: string
  savedBy: string
}

/** The fingerprint of a file that has lost its auth key. */
export const NO_KEY = '0'.repeat(16)

/** Throws BadDataError unless the bytes are a sound session file with a key. */
export type Verify = (bytes: Uint8Array) => Promise<Verified>

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A session is a few megabytes; one of millions of peers is still far below. */
export const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
/** What zstd and age may add to bytes that cannot be packed. */
const sealedBytes = (plain: number): number => plain + (plain >> 8) + 64 * 1024
/** An object that a revision consists of: its own, and that of its base. */
type Part = Pick<Revision, 'objectKey' | 'sha256' | 'bytes'>
/** `packed` lies where `sealed` was. */
interface Opened {
  part: Part
  sealed: Uint8Array
  packed: Uint8Array
}

export interface RevisionsOptions {
  store: ObjectStore
  name: string
  cipher: Cipher
  verify: Verify
  /** Bytes of the largest plain file that is stored or restored; 256 MiB unless given. */
  maxBytes?: number | undefined
  /** What saves are patches of; none unless given. */
  base?: PatchBase | undefined
}

/** Immutable sealed session files under `<prefix>/<name>/revisions/`. */
export class Revisions {
  readonly #options: RevisionsOptions
  readonly #folder: string
  readonly #base: PatchBase
  /** The whole one that was uploaded last, packed, until `keep`. */
  #uploaded: { objectKey: string; packed: Uint8Array } | undefined

  constructor(options: RevisionsOptions) {
    this.#options = options
    this.#folder = `${options.name}/`
    this.#base = options.base ?? new PatchBase(options)
  }

  /** The recipient that `put` seals for; null: it does not. */
  get sealsFor(): string | null | undefined {
    return this.#options.cipher.sealsFor
  }

  /** Bytes of the largest plain file that is stored or restored. */
  get maxBytes(): number {
    return this.#options.maxBytes ?? DEFAULT_MAX_BYTES
  }

  /**
   * Seals and uploads what was verified; nothing refers to it until the head does. As a patch if that is asked for and
   * its base is at hand, else whole.
   */
  async put(
    plain: Uint8Array,
    about: About,
    { patch = false, ...options }: StoreOptions & { patch?: boolean | undefined } = {},
  ): Promise<Revision> {
    if (plain.length > this.maxBytes) throw tooLarge('this session', plain.length, this.maxBytes)
    const { cipher } = this.#options
    const family = about.family === TELETHON ? null : (about.family ?? null)
    const known = { ...about, sha256: sha256(plain), bytes: plain.length, family, sealedFor: cipher.sealsFor }
    if (patch) await this.#base.look((key) => this.#isThere(key, options), Date.parse(about.savedAt))
    const patched = patch ? await this.#base.patch(plain, known, Date.parse(about.savedAt)) : null
    this.#uploaded = undefined
    if (patched) {
      const objectKey = await this.#upload(known.revision, cipher.encrypt(patched.packed), 'patch', options)
      return { ...known, objectKey, base: patched.base }
    }
    const packed = await cipher.pack(plain)
    const sealed = cipher.encrypt(packed)
    const isLarge = plain.length > MOST_PATCHED_BYTES
    if (isLarge && sealed !== packed) release(packed)
    const objectKey = await this.#upload(known.revision, sealed, 'whole', options)
    if (!isLarge) this.#uploaded = { objectKey, packed }
    return { ...known, objectKey, base: null }
  }

  /** The head names this revision now: if it is whole, the next saves are patches of it. */
  keep(revision: Revision): void {
    if (this.#uploaded?.objectKey === revision.objectKey) this.#base.keep(revision, this.#uploaded.packed)
    this.#uploaded = undefined
  }

  /** Credentials that may not list do not tell: it is believed to be there. */
  async #isThere(objectKey: string, { signal }: StoreOptions): Promise<boolean> {
    try {
      for await (const name of this.#options.store.list(this.#folder + objectKey, { signal }))
        if (name === this.#folder + objectKey) return true
      return false
    } catch (error) {
      if (error instanceof ForbiddenError || error instanceof UnsupportedError) return true
      throw error
    }
  }

  /** Returns the object's key. */
  async #upload(
    number: number,
    sealed: Uint8Array,
    kind: 'whole' | 'patch',
    options: StoreOptions,
  ): Promise<string> {
    const { store, cipher } = this.#options
    const key = `revisions/${String(number).padStart(8, '0')}-${sha256(sealed)}${cipher.suffix(kind)}`
    try {
      await store.put(this.#folder + key, sealed, 'absent', options)
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      // The name holds the hash of the bytes: it should be this very object, from a try whose answer was lost.
      const found = await store.get(this.#folder + key, { ...options, maxBytes: sealed.length })
      if (!found || sha256(found.bytes) !== sha256(sealed)) throw error
    }
    return key
  }

  /** Whether this revision is what `put` would make of these bytes: not where the key has been changed since. */
  holds(revision: Revision, plain: Uint8Array): boolean {
    const { sealsFor } = this.#options.cipher
    return revision.sha256 === sha256(plain) && (sealsFor === undefined || revision.sealedFor === sealsFor)
  }

  /**
   * The plain file, checked against everything that the head says of it. What `served`, the head that names it, serves is
   * what the next saves are patches of. Never "no session".
   *
   * @throws BadDataError `revision.corrupt`, `session.too_large`
   * @throws UnsupportedError `runtime.unsupported` for a patch that this Node cannot open
   */
  async get(
    revision: Revision,
    { served, ...options }: StoreOptions & { served?: Head | undefined } = {},
  ): Promise<{ bytes: Uint8Array; userId: string | null }> {
    if (revision.bytes > this.maxBytes)
      throw tooLarge(`revision ${revision.revision}`, revision.bytes, this.maxBytes)
    const { base } = revision
    if (base && !(await this.#base.works()))
      throw patchUnsupported(`revision ${revision.revision} is a patch`)
    // Both at once: a patch costs no second journey.
    const [own, ofBase] = await Promise.all([
      this.#packed(revision, revision, options),
      base && this.#packed(baseOf(base), revision, { ...options, onProgress: undefined }),
    ])
    const whole = ofBase ?? own
    const wholeBytes = await this.#plain(whole, revision)
    const bytes = ofBase ? await this.#plain(own, revision, wholeBytes) : wholeBytes
    if (ofBase) release(wholeBytes)
    const { keyFingerprint, userId } = await this.#verifyStored(revision, bytes)
    if (keyFingerprint !== revision.keyFingerprint)
      throw damaged(revision, 'it holds another key than the head says')
    const named = references(served ?? EMPTY_HEAD).find(({ objectKey: key }) => key === whole.part.objectKey)
    if (!named || !this.#base.keep(named, whole.packed)) release(whole.sealed)
    return { bytes, userId }
  }

  /** The object of `part`, which is the revision `of` or its base, decrypted where it lies. */
  async #packed(part: Part, of: Revision, options: StoreOptions): Promise<Opened> {
    const [its, whose] = part === of ? ['its', ''] : ['the', ' of its base']
    const sealed = await this.#fetch(part, of, options)
    if (!sealed) throw damaged(of, `${its} object${whose} is missing from the store`)
    const sealedHash = /-([0-9a-f]{64})\./.exec(part.objectKey)?.[1]
    if (sealedHash !== sha256(sealed))
      throw damaged(of, `${its} bytes${whose} are not the ones that were saved`)
    return { part, sealed, packed: this.#options.cipher.decrypt(part.objectKey, sealed) }
  }

  async #plain({ part, packed }: Opened, of: Revision, base?: Uint8Array): Promise<Uint8Array> {
    const plain = await this.#options.cipher.unpack(packed, part.bytes, base)
    if (sha256(plain) === part.sha256) return plain
    throw damaged(of, `its ${part === of ? 'content' : 'base'} is not what the head describes`)
  }

  /** An object that is larger than a session of this size can be is none that was saved. */
  async #fetch(part: Part, of: Revision, options: StoreOptions): Promise<Uint8Array | undefined> {
    const maxBytes = sealedBytes(part.bytes)
    try {
      return (await this.#options.store.get(this.#folder + part.objectKey, { ...options, maxBytes }))?.bytes
    } catch (error) {
      if (!(error instanceof BadDataError) || error.code !== 'store.too_large') throw error
      throw damaged(of, 'its object is larger than what was saved')
    }
  }

  /** If it decrypts but is no session, it was not saved by us: someone else can write to this store. */
  async #verifyStored(revision: Revision, plain: Uint8Array): Promise<Verified> {
    try {
      return await this.#options.verify(plain)
    } catch (error) {
      const hasNoKey = error instanceof BadDataError && error.code === 'session.no_key'
      if (!(error instanceof BadDataError) || (hasNoKey && revision.keyFingerprint === NO_KEY)) throw error
      throw damaged(revision, 'what it holds is no session')
    }
  }

  async remove(objectKey: string, options?: StoreOptions): Promise<void> {
    await this.#options.store.delete(this.#folder + objectKey, options)
  }

  /** Every object that lies there, named in a head or not. */
  async *list(options?: StoreOptions): AsyncIterable<{ objectKey: string; number: number }> {
    const prefix = `${this.#folder}revisions/`
    for await (const name of this.#options.store.list(prefix, options)) {
      const number = /^(\d+)-[0-9a-f]{64}\./.exec(name.slice(prefix.length))?.[1]
      if (number !== undefined) {
        yield { objectKey: name.slice(this.#folder.length), number: Number(number) }
      }
    }
  }
}

/** Nothing is patched that is larger. */
function baseOf(base: Base): Part {
  return { ...base, bytes: MOST_PATCHED_BYTES }
}

const mb = (count: number): string => `${Math.round(count / 1024 / 1024)} MB`

function tooLarge(what: string, bytes: number, most: number): BadDataError {
  return new BadDataError(
    'session.too_large',
    `${what} is larger than allowed: ${mb(bytes)}, at most ${mb(most)}`,
    {
      hint: 'TGSESSION_MAX_SIZE sets the limit. A session that grows so large usually caches peers that its program never needs again.',
    },
  )
}

function damaged(revision: Revision, what: string): BadDataError {
  return new BadDataError('revision.corrupt', `revision ${revision.revision} is damaged: ${what}`, {
    hint: 'An older one may be sound: `tgsession run` takes it by itself, if it holds the same key; `tgsession history` lists all.',
  })
}
