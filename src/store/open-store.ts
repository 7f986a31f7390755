import path from 'node:path'
import { UnsupportedError } from '../base/errors.ts'
import { FileStore } from './file/file-store.ts'
import { filePath } from './file/path.ts'
import { parseFirebaseUrl } from './firebase/location.ts'
import { FirebaseStore } from './firebase/firebase-store.ts'
import { checkStoreUrl } from './label.ts'
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
  checkStoreUrl(url, source)
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
      throw new TypeError('a kind of store that checkStoreUrl knows and nothing opens')
  }
}
