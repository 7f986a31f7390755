import path from 'node:path'
import { ConfigurationError, UnsupportedError } from '../base/errors.ts'
import { FileStore } from './file/file-store.ts'
import { parseFirebaseUrl } from './firebase/location.ts'
import { FirebaseStore } from './firebase/firebase-store.ts'
import type { StoreLocation } from './locate.ts'
import { MemoryStore } from './memory/memory-store.ts'
import { isPlainObjectUrl } from './plain/plain-object-url.ts'
import { parseS3Url } from './s3/location.ts'
import { S3Store } from './s3/s3-store.ts'
import { schemeOf } from './scheme.ts'
import { isSqlScheme } from '../sql/location.ts'
import type { ObjectStore } from './store.ts'

export interface OpenStoreOptions {
  /** What `file:./relative` is relative to; the working directory by default. */
  cwd?: string
}

const WORKING =
  's3://bucket/prefix, firebase://bucket/prefix, postgres://user:password@host/database, file:/path/to/folder'

/**
 * The store that a location names. For `file:` the folder is created; for all others nothing is asked of the service yet.
 * Throws `ConfigurationError` for an address that cannot be read and `UnsupportedError` (`store.plain_object`) for one
 * plain file. No message repeats the URL, which may hold a password.
 */
export async function openStore(
  location: StoreLocation,
  options: OpenStoreOptions = {},
): Promise<ObjectStore> {
  const { url, credentials, proxy, source } = location
  const scheme = schemeOf(url)
  if (scheme === '')
    throw new ConfigurationError('store.bad_url', `${source} does not start with the kind of the store`, {
      hint: `Write it like one of: ${WORKING}`,
    })
  if (isPlainObjectUrl(url))
    throw new UnsupportedError('store.plain_object', `${source} names one plain file, which is no store`, {
      hint: 'A single session file can only be read, by `tgsession run`, `pull` and `doctor`, without lease or write-back. For all else name a folder or a prefix in a store, and push the file into it.',
    })
  switch (scheme) {
    case 'memory':
      return new MemoryStore()
    case 'file':
      return FileStore.open(path.resolve(options.cwd ?? process.cwd(), filePath(url, source)))
    case 's3':
      return new S3Store(parseS3Url(url), { credentials, proxy })
    case 'firebase':
    case 'gs':
      return new FirebaseStore(parseFirebaseUrl(url), { access: location.firebase, proxy })
    default:
      if (isSqlScheme(scheme))
        return (await import('./sql/open.ts')).openSqlStore(url, options.cwd ?? process.cwd())
      throw new ConfigurationError('store.bad_url', `${source} names an unknown kind of store`, {
        hint: `Write it like one of: ${WORKING}`,
      })
  }
}

/** `file:/abs`, `file:///abs`, `file:./relative`; escapes like %20 are read as in any URL. */
export function filePath(url: string, source: string): string {
  const rest = url.slice('file:'.length)
  const found = /^(?:\/\/(?=\/))?(?!\/\/)([^?#\0]+)$/.exec(rest)?.[1]
  const decoded = found === undefined ? undefined : decode(found)
  if (decoded === undefined || decoded.includes('\0'))
    throw new ConfigurationError('store.bad_url', `${source} is not the address of a folder`, {
      hint: 'Write it like file:/path/to/folder or file:./folder; a ?, # or % in the path as %3F, %23 or %25.',
    })
  return decoded
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
