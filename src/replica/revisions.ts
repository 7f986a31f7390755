import { createHash } from 'node:crypto'
import { BadDataError, ConflictError } from '../base/errors.ts'
import type { ObjectStore, StoredObject, StoreOptions } from '../store/store.ts'
import type { Cipher } from '../seal/cipher.ts'
import type { Revision } from './head.ts'

/** What is known of a plain session file once it was checked; from the `verify` that is handed in. */
export interface Verified {
  keyFingerprint: string
  userId: string | null
  /** Whose file it is; Telethon's, unless told. */
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

/** Immutable sealed session files under `<prefix>/<name>/revisions/`. */
export class Revisions {
  readonly #store: ObjectStore
  readonly #folder: string
  readonly #cipher: Cipher
  readonly #verify: Verify
  /** Bytes of the largest plain file that is stored or restored. */
  readonly maxBytes: number

  constructor(
    store: ObjectStore,
    name: string,
    cipher: Cipher,
    verify: Verify,
    maxBytes = DEFAULT_MAX_BYTES,
  ) {
    this.maxBytes = maxBytes
    this.#store = store
    this.#folder = `${name}/`
    this.#cipher = cipher
    this.#verify = verify
  }

  /** Seals and uploads what was verified; nothing refers to it until the head does. */
  async put(plain: Uint8Array, about: About, options?: StoreOptions): Promise<Revision> {
    if (plain.length > this.maxBytes) throw tooLarge('this session', plain.length, this.maxBytes)
    const sealed = await this.#cipher.seal(plain)
    const key = `revisions/${String(about.revision).padStart(8, '0')}-${sha256(sealed)}${this.#cipher.suffix}`
    try {
      await this.#store.put(this.#folder + key, sealed, 'absent', options)
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      // The name holds the hash of the bytes: it should be this very object, from a try whose answer was lost.
      const found = await this.#store.get(this.#folder + key, { ...options, maxBytes: sealed.length })
      if (!found || sha256(found.bytes) !== sha256(sealed)) throw error
    }
    const sealedFor = this.#cipher.sealsFor
    return {
      ...about,
      objectKey: key,
      sha256: sha256(plain),
      bytes: plain.length,
      family: about.family === TELETHON ? null : (about.family ?? null),
      base: null,
      sealedFor,
    }
  }

  /** Whether this revision is what `put` would make of these bytes: not where the key has been changed since. */
  holds(revision: Revision, plain: Uint8Array): boolean {
    const { sealsFor } = this.#cipher
    return revision.sha256 === sha256(plain) && (sealsFor === undefined || revision.sealedFor === sealsFor)
  }

  /** The plain file, checked against everything that the head says of it. Never "no session": BadDataError. */
  async get(
    revision: Revision,
    options?: StoreOptions,
  ): Promise<{ bytes: Uint8Array; userId: string | null }> {
    if (revision.bytes > this.maxBytes)
      throw tooLarge(`revision ${revision.revision}`, revision.bytes, this.maxBytes)
    const found = await this.#fetch(revision, options)
    if (!found) throw damaged(revision, 'its object is missing from the store')
    const sealedHash = /-([0-9a-f]{64})\./.exec(revision.objectKey)?.[1]
    if (sealedHash !== sha256(found.bytes))
      throw damaged(revision, 'its bytes are not the ones that were saved')
    const plain = await this.#cipher.open(revision.objectKey, found.bytes, revision.bytes)
    if (sha256(plain) !== revision.sha256)
      throw damaged(revision, 'its content is not what the head describes')
    const { keyFingerprint, userId } = await this.#verifyStored(revision, plain)
    if (keyFingerprint !== revision.keyFingerprint)
      throw damaged(revision, 'it holds another key than the head says')
    return { bytes: plain, userId }
  }

  /** An object that is larger than a session of this size can be is none that was saved. */
  async #fetch(revision: Revision, options?: StoreOptions): Promise<StoredObject | null> {
    try {
      const maxBytes = sealedBytes(revision.bytes)
      return await this.#store.get(this.#folder + revision.objectKey, { ...options, maxBytes })
    } catch (error) {
      if (!(error instanceof BadDataError) || error.code !== 'store.too_large') throw error
      throw damaged(revision, 'its object is larger than what was saved')
    }
  }

  /** What decrypts and is no session was not saved by us: somebody else can write to this store. */
  async #verifyStored(revision: Revision, plain: Uint8Array): Promise<Verified> {
    try {
      return await this.#verify(plain)
    } catch (error) {
      const hasNoKey = error instanceof BadDataError && error.code === 'session.no_key'
      if (!(error instanceof BadDataError) || (hasNoKey && revision.keyFingerprint === NO_KEY)) throw error
      throw damaged(revision, 'what it holds is no session')
    }
  }

  async remove(objectKey: string, options?: StoreOptions): Promise<void> {
    await this.#store.delete(this.#folder + objectKey, options)
  }

  /** Every object that lies there, named in a head or not. */
  async *list(options?: StoreOptions): AsyncIterable<{ objectKey: string; number: number }> {
    const prefix = `${this.#folder}revisions/`
    for await (const name of this.#store.list(prefix, options)) {
      const number = /^(\d+)-[0-9a-f]{64}\./.exec(name.slice(prefix.length))?.[1]
      if (number !== undefined) {
        yield { objectKey: name.slice(this.#folder.length), number: Number(number) }
      }
    }
  }
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
