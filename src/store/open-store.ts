import path from 'node:path'
import { ConfigurationError, UnsupportedError } from '../errors.ts'
import { FileStore } from './file-store.ts'
import type { StoreLocation } from './locate.ts'
import { MemoryStore } from './memory-store.ts'
import { parseS3Url } from './s3-location.ts'
import { S3Store } from './s3-store.ts'
import type { ObjectStore } from './store.ts'

export interface OpenStoreOptions {
  /** What `file:./relative` is relative to; the working directory by default. */
  cwd?: string
}

const LATER = ['postgres', 'postgresql', 'mysql', 'mariadb', 'sqlite', 'firebase', 'gs', 'http', 'https']
const WORKING = 's3://bucket/prefix, file:/path/to/folder'

/**
 * The store that a location names. For `file:` the folder is created; for `s3:` nothing is asked of the service yet.
 * Throws `ConfigurationError` for an address that cannot be read and `UnsupportedError` (`store.scheme_not_available`)
 * for a kind of store that this version does not have. No message repeats the URL, which may hold a password.
 */
export async function openStore(
  location: StoreLocation,
  options: OpenStoreOptions = {},
): Promise<ObjectStore> {
  const { url, credentials, source } = location
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined)
    throw new ConfigurationError('store.bad_url', `${source} does not start with the kind of the store`, {
      hint: `Write it like one of: ${WORKING}`,
    })
  if (/\.session(\.age)?$/i.test(url.replace(/[?#].*/s, '')))
    throw new UnsupportedError(
      'store.scheme_not_available',
      `${source} names one plain session file, which cannot be read yet`,
      {
        hint: 'Name a folder or a prefix instead, and push the file into it.',
      },
    )
  switch (scheme) {
    case 'memory':
      return new MemoryStore()
    case 'file':
      return FileStore.open(path.resolve(options.cwd ?? process.cwd(), filePath(url, source)))
    case 's3':
      return new S3Store(parseS3Url(url), { credentials })
    default:
      throw LATER.includes(scheme)
        ? new UnsupportedError(
            'store.scheme_not_available',
            `${source} names a ${scheme} store, which this version does not have`,
            {
              hint: `What works now: ${WORKING}. Set TGSESSION_STORE to one of these.`,
            },
          )
        : new ConfigurationError('store.bad_url', `${source} names an unknown kind of store: ${scheme}`, {
            hint: `Write it like one of: ${WORKING}`,
          })
  }
}

/** `file:/abs`, `file:///abs`, `file:./relative`; escapes like %20 are read as in any URL. */
function filePath(url: string, source: string): string {
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
