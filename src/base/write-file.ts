import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs/promises'
import path from 'node:path'
import { syncFolder } from './durable-files.ts'
import { ConfigurationError, TgsessionError } from './errors.ts'
import { errno, fileError } from './file-errors.ts'
import { openedBy } from './held-open.ts'
import { writeTarget } from './write-target.ts'

/** The few calls of `node:fs/promises` that writing a file makes, so that a test can stop between any two of them. */
export interface WriteFs {
  open(
    file: string,
    flags: string,
    mode?: number,
  ): Promise<{ writeFile(bytes: Uint8Array): Promise<void>; sync(): Promise<void>; close(): Promise<void> }>
  rename(from: string, to: string): Promise<void>
  unlink(file: string): Promise<void>
}

/** What SQLite keeps beside a database: a part of its content, or nothing any more. */
export const SIDE_FILES = ['-journal', '-wal', '-shm'] as const

/** A database and its side files. */
export function familyOf(file: string): string[] {
  return [file, ...SIDE_FILES.map((suffix) => file + suffix)]
}

/**
 * Writes a secret file in one step, mode 0600: into a temporary file beside it, fsync, rename, fsync of the folder.
 * A reader, and a machine that loses power, finds the old file or the new one, whole. A symbolic link stays one.
 * @throws what `writeTarget` throws, before anything is touched; `ConfigurationError` (`session.no_folder`),
 * `ForbiddenError` (`session.may_not_write`) or `SaveFailedError` (`session.write_failed`): the file that was there
 * is untouched then
 */
export async function writeFileAtomic(file: string, bytes: Uint8Array, fs: WriteFs = nodeFs): Promise<void> {
  await write(file, bytes, fs, (temporary, target) => fs.rename(temporary, target))
}

/**
 * The same for an SQLite file, together with its side files: what is opened then are these bytes. With a stale journal
 * beside them SQLite would undo a transaction of the file before, and open that one, or none at all.
 * @throws as `writeFileAtomic`; `ConfigurationError` (`session.file_in_use`) while another process has the file open
 */
export async function writeDatabase(file: string, bytes: Uint8Array, fs: WriteFs = nodeFs): Promise<void> {
  await write(file, bytes, fs, async (temporary, target) => {
    const pid = openedBy(familyOf(target))
    if (pid !== undefined) throw fileInUse(file, pid)
    await replaceFamily(temporary, target, fs)
  })
}

/** Another process would go on with the file that was replaced, and what it writes would be lost. */
export function fileInUse(file: string, pid: number): ConfigurationError {
  return new ConfigurationError('session.file_in_use', `${file} is open in another process (${pid})`, {
    hint: 'Let one program at a time use a session. End the other one, or name another file. Nothing was changed.',
  })
}

async function write(
  file: string,
  bytes: Uint8Array,
  fs: WriteFs,
  replace: (temporary: string, target: string) => Promise<void>,
): Promise<void> {
  const target = await writeTarget(file)
  const folder = path.dirname(target)
  const temporary = path.join(folder, `.${path.basename(target)}.${randomUUID()}.tmp`)
  let isPlaced = false
  try {
    await writeAndSync(temporary, bytes, fs)
    await replace(temporary, target)
    isPlaced = true
    await syncFolder(folder, fs)
  } catch (error) {
    if (!isPlaced) await removeLeftover(temporary, fs)
    throw error instanceof TgsessionError ? error : fileError('write', file, error)
  }
}

async function writeAndSync(file: string, bytes: Uint8Array, fs: WriteFs): Promise<void> {
  const handle = await fs.open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * One rename where there are no side files. Else the old family steps aside as a whole, under names at which it still
 * belongs together, and comes back if the new file cannot take its place.
 */
async function replaceFamily(temporary: string, target: string, fs: WriteFs): Promise<void> {
  const aside = `${temporary.slice(0, -'.tmp'.length)}.old`
  const moved: string[] = []
  try {
    for (const suffix of SIDE_FILES)
      if (await renameIfThere(target + suffix, aside + suffix, fs)) moved.push(suffix)
    if (moved.length > 0 && (await renameIfThere(target, aside, fs))) moved.push('')
    await fs.rename(temporary, target)
  } catch (error) {
    for (const suffix of moved.toReversed())
      await fs.rename(aside + suffix, target + suffix).catch(() => undefined)
    throw error
  }
  for (const suffix of moved) await removeLeftover(aside + suffix, fs)
}

async function renameIfThere(from: string, to: string, fs: WriteFs): Promise<boolean> {
  try {
    await fs.rename(from, to)
    return true
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  }
}

async function removeLeftover(file: string, fs: WriteFs): Promise<void> {
  try {
    await fs.unlink(file)
  } catch {
    // The failure that brought us here is the one to report; the leftover is 0600 and never read.
  }
}
