import { stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import { filePath } from './file/path.ts'
import { parseSqlUrl } from '../sql/location.ts'
import { schemeOf } from './scheme.ts'

/** Linux' statfs(2): what lies there lies in memory. */
const TMPFS = 0x01021994

/**
 * Whether the disk of this host is emptied at each restart: `all` of it (Heroku), or what is not a `mounted` volume (other
 * hosts and containers that name themselves). Null on a machine of one's own.
 */
export type LostDisk = 'all' | 'unless mounted' | null

/** The folder or file that a store's address names on this host's own disk, if it is lost there; else null. */
export async function lostPath(url: string, lost: LostDisk): Promise<string | null> {
  if (lost === null) return null
  const at = pathOf(url)
  if (at === null) return null
  return lost === 'unless mounted' && (await isMounted(at)) ? null : at
}

function pathOf(url: string): string | null {
  switch (schemeOf(url)) {
    case 'file':
      return path.resolve(filePath(url, 'TGSESSION_STORE'))
    case 'sqlite': {
      const location = parseSqlUrl(url, process.cwd())
      return location.kind === 'sqlite' ? location.path : null
    }
    default:
      return null
  }
}

/** On another file system than the root, and not in memory. Of a path that is not there yet its nearest folder counts. */
async function isMounted(at: string): Promise<boolean> {
  try {
    const [here, root, { type }] = await Promise.all([stat(at), stat('/'), statfs(at)])
    return here.dev !== root.dev && type !== TMPFS
  } catch {
    const parent = path.dirname(at)
    return parent !== at && (await isMounted(parent))
  }
}
