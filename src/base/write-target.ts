import { lstat, readFile, readlink, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { ConfigurationError } from './errors.ts'
import { errno, fileError } from './file-errors.ts'

const MOST_LINKS = 8
const WORLD_WRITABLE = 0o002

/**
 * The real path that writing `file` replaces: links are followed, nothing is opened. Only a regular file, or a path at
 * which nothing is, may be replaced.
 * @throws `ConfigurationError` (78) for a folder, a device, a FIFO or a socket (`session.bad_target`), for a link in a
 * folder that everybody may write to (`session.unsafe_link`), for a file that is a mount of its own
 * (`session.mounted`), and for a folder that is not there (`session.no_folder`)
 */
export async function writeTarget(file: string): Promise<string> {
  if (file.endsWith('/')) throw notAFile(file, 'ends in a slash, as a folder does')
  try {
    const target = await followLinks(file)
    const found = await ifThere(lstat(target))
    if (found !== undefined && !found.isFile()) throw notAFile(file, 'is no regular file')
    if (found !== undefined && (await isMounted(target))) throw mounted(file)
    return target
  } catch (error) {
    throw error instanceof ConfigurationError ? error : fileError('write', file, error)
  }
}

async function followLinks(file: string): Promise<string> {
  let at = path.resolve(file)
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = await realpath(path.dirname(at))
    at = path.join(folder, path.basename(at))
    const found = await ifThere(lstat(at))
    if (!found?.isSymbolicLink()) return at
    if (((await stat(folder)).mode & WORLD_WRITABLE) !== 0) throw unsafeLink(file)
    at = path.resolve(folder, await readlink(at))
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' })
}

/** A rename over a mount point fails with EBUSY. Another device than the folder's tells; else Linux' list of mounts. */
async function isMounted(target: string): Promise<boolean> {
  const [own, folder] = await Promise.all([stat(target), stat(path.dirname(target))])
  if (own.dev !== folder.dev) return true
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const escaped = target.replaceAll(/[\s\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`)
  return mounts.split('\n').some((line) => line.split(' ')[4] === escaped)
}

async function ifThere<T>(looked: Promise<T>): Promise<T | undefined> {
  return await looked.catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  })
}

function notAFile(file: string, what: string): ConfigurationError {
  return new ConfigurationError('session.bad_target', `${file} ${what}: a session cannot be written there`, {
    hint: 'Name a file. Nothing was changed.',
  })
}

function unsafeLink(file: string): ConfigurationError {
  return new ConfigurationError(
    'session.unsafe_link',
    `${file} is a link in a folder that everybody may write to`,
    { hint: 'Somebody else may have put it there. Name the file that is meant. Nothing was changed.' },
  )
}

function mounted(file: string): ConfigurationError {
  return new ConfigurationError(
    'session.mounted',
    `${file} is a mount of its own, so it cannot be replaced in one step`,
    {
      hint: 'Mount its folder instead of the file. Nothing was changed.',
    },
  )
}
