import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { ConfigurationError, UnsupportedError } from '../../base/errors.ts'
import { readWhole } from '../../base/durable-files.ts'
import { errno, fileError, isSystemError } from '../../base/file-errors.ts'
import { parseFirebaseUrl } from '../firebase/location.ts'
import { FirebaseStore } from '../firebase/firebase-store.ts'
import { parseHttpsUrl } from '../http/location.ts'
import { HttpsReader } from '../http/https-reader.ts'
import type { StoreLocation } from '../locate.ts'
import { filePath } from '../file/path.ts'
import type { OpenStoreOptions } from '../open-store.ts'
import { isPlainObjectUrl } from './plain-object-url.ts'
import { parseS3Url } from '../s3/location.ts'
import { S3Store } from '../s3/s3-store.ts'
import { schemeOf } from '../scheme.ts'
import { tooLarge } from '../shared/errors.ts'
import { type GetOptions, MAX_OBJECT_BYTES, type ObjectReader, type StoredObject } from '../store.ts'
import { toVersion } from '../shared/version.ts'

/** One session file as it lies somewhere, read only: no lease, no revisions, no write-back. */
export interface PlainObject {
  /** How messages name it. */
  readonly label: string
  /** The bytes as they lie there, perhaps encrypted; null only for a proven "not there". At most 512 MiB unless told. */
  get(options?: GetOptions): Promise<StoredObject | null>
  /** Frees sockets. The object is not used afterwards. */
  close(): Promise<void>
}

/**
 * The one file that a location names (`isPlainObjectUrl`): `file:`, `s3:`, `firebase:`, `gs:` or `https:`. Nothing is
 * read yet. Throws `ConfigurationError` for an address that cannot be read, and `UnsupportedError`
 * (`store.no_plain_object`) where the kind of store holds no files. `get` throws what store.ts names.
 */
export async function openPlainObject(
  location: StoreLocation,
  options: OpenStoreOptions = {},
): Promise<PlainObject> {
  const { url, source, credentials, firebase: access, authorization, proxy } = location
  const scheme = schemeOf(url)
  if (!isPlainObjectUrl(url))
    throw new ConfigurationError('store.bad_url', `${source} does not name a session file`, {
      hint: 'Its path must end in .session or .session.age.',
    })
  switch (scheme) {
    case 'file':
      return new PlainFile(path.resolve(options.cwd ?? process.cwd(), filePath(url, source)))
    case 's3': {
      const { prefix, ...rest } = parseS3Url(url)
      const [folder, key] = splitPath(prefix, source)
      return ofReader(new S3Store({ ...rest, prefix: folder }, { credentials, proxy }), key, rest.label)
    }
    case 'firebase':
    case 'gs': {
      const { prefix, ...rest } = parseFirebaseUrl(url)
      const [folder, key] = splitPath(prefix, source)
      return ofReader(new FirebaseStore({ ...rest, prefix: folder }, { access, proxy }), key, rest.label)
    }
    case 'http':
    case 'https': {
      const reader = new HttpsReader(parseHttpsUrl(url), {
        ...(authorization === undefined ? {} : { authorization }),
        ...(proxy === undefined ? {} : { proxy }),
      })
      return ofReader(reader, reader.key, reader.label)
    }
    default:
      throw new UnsupportedError('store.no_plain_object', `${source} names no place where files lie`, {
        hint: 'A single session file can be read from file:, s3:, firebase: and https:.',
      })
  }
}

function ofReader(
  reader: ObjectReader & { close(): Promise<void> },
  key: string,
  label: string,
): PlainObject {
  return {
    label,
    get: async (options = {}) => reader.get(key, { maxBytes: MAX_OBJECT_BYTES, ...options }),
    close: async () => reader.close(),
  }
}

/** Locations end their prefix in a slash, as of a folder; here its last name is the file. */
function splitPath(prefix: string, source: string): [folder: string, key: string] {
  const names = prefix.split('/').slice(0, -1)
  const key = names.pop()
  if (key === undefined)
    throw new ConfigurationError('store.bad_url', `${source} names a bucket, but no file in it`, {
      hint: 'Write it like s3://my-bucket/sessions/main.session.age',
    })
  return [names.map((name) => `${name}/`).join(''), key]
}

/** A version is a hash of the content: times of files are too coarse, and change without it. */
class PlainFile implements PlainObject {
  readonly label: string
  readonly #file: string

  constructor(file: string) {
    this.#file = file
    this.label = `file:${file}`
  }

  async get(options: GetOptions = {}): Promise<StoredObject | null> {
    const maxBytes = options.maxBytes ?? MAX_OBJECT_BYTES
    options.signal?.throwIfAborted()
    try {
      const bytes = await readWhole(this.#file, { ...options, maxBytes })
      if (bytes === null) throw tooLarge(this.label, path.basename(this.#file), maxBytes)
      return { bytes, version: toVersion(createHash('sha256').update(bytes).digest('hex')) }
    } catch (error) {
      options.signal?.throwIfAborted()
      if (errno(error) === 'ENOENT' && (await isFolder(path.dirname(this.#file)))) return null
      if (errno(error) === 'EISDIR')
        throw new ConfigurationError('store.not_found', `${this.label}: is a folder, not a file`, {
          hint: 'Name the session file in it.',
        })
      throw isSystemError(error) ? fileError('read', this.label, error, 'store') : error
    }
  }

  async close(): Promise<void> {}
}

/** A file is proven not to be there only by the folder that is. */
async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
