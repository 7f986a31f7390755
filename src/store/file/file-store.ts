import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { BadDataError } from '../../base/errors.ts'
import { FOLDER_MODE, makeFolder, readWhole, syncFolder, writeNew } from '../../base/durable-files.ts'
import { errno, fileError, isSystemError, notFound } from '../../base/file-errors.ts'
import { draftsFolder, type KeyPaths, keysFolder, pathsOf } from './names.ts'
import { discard, keysBelow, removeOlder, sweep, unlessMovedOn } from './tree.ts'
import { isVersion, newestOf, versionAfter } from './versions.ts'
import { compareKeys } from '../shared/key.ts'
import { isNameTaken, showPlain } from './plain-files.ts'
import { conflict, tooLarge } from '../shared/errors.ts'
import type { GetOptions, ObjectStore, StoredObject, StoreOptions, Version } from '../store.ts'

const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000
const LISTINGS_BEFORE_DAMAGED = 1000

export interface FileStoreOptions {
  /** The time in ms by the disk's clock; only for the age of leftovers. */
  now?: () => number
}

/**
 * Objects in a folder of one host, safe among any number of processes and across kill -9 and power cuts.
 *
 *   .versions/keys/<key>%/<version>/<version>   the object: its folder, in it one folder named for the current version
 *   .versions/tmp/                              drafts and what was deleted; swept after a day
 *   <key>                                       a hard link to the newest version, for people; never read by us
 *
 * rename(2) of a folder is the compare-and-swap, and the one moment at which anything changes:
 * - create: a whole draft is renamed to `<key>%`, which fails (ENOTEMPTY) if that is there.
 * - replace: the new bytes are put *beside* the old ones, then the folder is renamed from the expected version to the
 *   new one, which fails (ENOENT) unless the expected version is the current one. A version that was left behind,
 *   or deleted, never comes back, so the slowest writer cannot win on it and no old versions need be kept.
 * - delete: `<key>%` is renamed away.
 *
 * Files and folders are fsynced on both sides of the rename. What a crash leaves (a draft, or bytes beside the
 * current ones) is under no name that a reader looks at. Do not edit the plain files in place: they share their
 * bytes with the object. Where keys `a` and `a/b` both exist only one of them can have a plain file.
 */
export class FileStore implements ObjectStore {
  readonly label: string
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
    this.label = `file:${root}`
  }

  /**
   * Creates the folder if need be. A store that is there on a disk that takes no writes is opened for reading; its writes
   * throw ForbiddenError. Throws ForbiddenError or ConfigurationError if it cannot be created or written.
   */
  static async open(root: string, options: FileStoreOptions = {}): Promise<FileStore> {
    const store = new FileStore(path.resolve(root))
    await store.#attempt(async () => {
      const drafts = draftsFolder(store.#root)
      if (await isReadOnly(store.#root)) return
      await makeFolder(keysFolder(store.#root))
      await makeFolder(drafts)
      await access(drafts, constants.R_OK | constants.W_OK | constants.X_OK)
      await sweep(drafts, (options.now ?? Date.now)() - LEFTOVER_AGE_MS)
    })
    return store
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    const paths = pathsOf(this.#root, key)
    return this.#attempt(async () => {
      for (let missed: Version | null = null; ;) {
        options.signal?.throwIfAborted()
        const version = await this.#current(paths)
        if (version === null) return null
        try {
          const bytes = await readWhole(path.join(paths.folder, version, version), options)
          if (bytes === null) throw tooLarge(this.label, key, options.maxBytes ?? Infinity)
          return { bytes, version }
        } catch (error) {
          if (errno(error) !== 'ENOENT') throw error
          if (version === missed) throw this.#damaged(paths.folder)
          missed = version
        }
      }
    })
  }

  async put(
    key: string,
    bytes: Uint8Array,
    condition: 'absent' | Version,
    options: StoreOptions = {},
  ): Promise<Version> {
    const paths = pathsOf(this.#root, key)
    return this.#attempt(async () => {
      options.signal?.throwIfAborted()
      const version = await (condition === 'absent'
        ? this.#create(key, paths, bytes, options)
        : this.#replace(key, paths, bytes, condition, options))
      await this.#publish(paths)
      return version
    })
  }

  async delete(key: string, options: StoreOptions = {}): Promise<void> {
    const paths = pathsOf(this.#root, key)
    await this.#attempt(async () => {
      options.signal?.throwIfAborted()
      const grave = this.#draft()
      try {
        await rename(paths.folder, grave)
        await syncFolder(path.dirname(paths.folder))
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error
        await this.#mustBeThere()
      }
      await this.#publish(paths)
      await rm(grave, { recursive: true, force: true })
    })
  }

  async *list(prefix: string, options: StoreOptions = {}): AsyncIterable<string> {
    options.signal?.throwIfAborted()
    const keys = await this.#attempt(async () => {
      await this.#mustBeThere()
      const found = await keysBelow(this.#root, prefix)
      return found.filter((key) => key.startsWith(prefix)).toSorted(compareKeys)
    })
    for (const key of keys) {
      options.signal?.throwIfAborted()
      yield key
    }
  }

  async close(): Promise<void> {}

  async #create(key: string, paths: KeyPaths, bytes: Uint8Array, options: StoreOptions): Promise<Version> {
    if ((await this.#current(paths)) !== null) throw conflict(this.label, key)
    const version = versionAfter(null)
    const draft = this.#draft()
    try {
      await mkdir(draft, { mode: FOLDER_MODE })
      await mkdir(path.join(draft, version), { mode: FOLDER_MODE })
      await writeNew(path.join(draft, version, version), bytes, options)
      await syncFolder(path.join(draft, version))
      await syncFolder(draft)
      await makeFolder(path.dirname(paths.folder))
      options.signal?.throwIfAborted()
      await rename(draft, paths.folder).catch((error: unknown) => {
        throw ['ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '') ? conflict(this.label, key) : error
      })
    } catch (error) {
      await discard(draft)
      throw error
    }
    await syncFolder(path.dirname(paths.folder))
    return version
  }

  async #replace(
    key: string,
    paths: KeyPaths,
    bytes: Uint8Array,
    expected: Version,
    options: StoreOptions,
  ): Promise<Version> {
    if (!isVersion(expected)) throw conflict(this.label, key)
    const version = versionAfter(expected)
    const before = path.join(paths.folder, expected)
    const after = path.join(paths.folder, version)
    try {
      await writeNew(path.join(before, version), bytes, options)
      await syncFolder(before)
      options.signal?.throwIfAborted()
      await rename(before, after)
    } catch (error) {
      await discard(path.join(before, version))
      if (errno(error) !== 'ENOENT') throw error
      await this.#mustBeThere()
      throw conflict(this.label, key)
    }
    await syncFolder(paths.folder).catch(unlessMovedOn)
    await removeOlder(after, version).catch(unlessMovedOn)
    return version
  }

  /** The current version; null only if the object's folder is not there while the store is. */
  async #current(paths: KeyPaths): Promise<Version | null> {
    // A listing may miss a folder that is renamed at that very moment, so an empty one proves nothing.
    for (let attempt = 0; attempt < LISTINGS_BEFORE_DAMAGED; attempt += 1) {
      let names: string[]
      try {
        names = await readdir(paths.folder)
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error
        await this.#mustBeThere()
        return null
      }
      const newest = newestOf(names)
      if (newest !== undefined) return newest
    }
    throw this.#damaged(paths.folder)
  }

  /** Lets the plain file follow the object until that has stood still meanwhile: the last to leave puts it right. */
  async #publish(paths: KeyPaths): Promise<void> {
    let shown: Version | null | undefined
    let missed: Version | undefined
    for (;;) {
      const version = await this.#current(paths)
      if (version === shown) return
      try {
        if (version === null) await rm(paths.plain, { force: true })
        else await showPlain(path.join(paths.folder, version, version), paths.plain, this.#draft())
        shown = version
      } catch (error) {
        if (isNameTaken(error)) return
        // The version was replaced meanwhile, unless it is still there without its bytes.
        if (errno(error) !== 'ENOENT' || version === null || version === missed) throw error
        missed = version
      }
    }
  }

  async #mustBeThere(): Promise<void> {
    await stat(keysFolder(this.#root)).catch((error: unknown) => {
      throw errno(error) === 'ENOENT' ? notFound(this.label) : error
    })
  }

  #draft(): string {
    return path.join(draftsFolder(this.#root), randomUUID())
  }

  #damaged(folder: string): BadDataError {
    return new BadDataError(
      'store.damaged',
      `${this.label}: ${path.relative(this.#root, folder)} holds no whole version`,
      {
        hint: 'Somebody or something removed files in there. Restore that folder from a backup, or remove it.',
      },
    )
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw isSystemError(error) ? fileError('write', this.label, error, 'store') : error
    }
  }
}

/** A store that this user may read but not write: enough for `status` and `list`. */
async function isReadOnly(root: string): Promise<boolean> {
  const keys = keysFolder(root)
  return (await may(keys, constants.R_OK | constants.X_OK)) && !(await may(keys, constants.W_OK))
}

async function may(folder: string, mode: number): Promise<boolean> {
  return access(folder, mode).then(
    () => true,
    () => false,
  )
}
