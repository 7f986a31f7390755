import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs/promises'
import path from 'node:path'
import { fileError } from './session-file-error.ts'

/** The few calls of `node:fs/promises` that placing a file makes, so that a test can stop between any two of them. */
export interface WriteFs {
  open(
    file: string,
    flags: string,
    mode?: number,
  ): Promise<{ writeFile(bytes: Uint8Array): Promise<void>; sync(): Promise<void>; close(): Promise<void> }>
  rename(from: string, to: string): Promise<void>
  unlink(file: string): Promise<void>
  realpath(file: string): Promise<string>
}

/**
 * Writes a secret file in one step, mode 0600: into a temporary file beside it, fsync, rename, fsync of the folder.
 * A reader, and a machine that loses power, finds the old file or the new one, whole. A symbolic link stays one.
 * Throws `ConfigurationError` (`session.no_folder`), `ForbiddenError` (`session.may_not_write`) or
 * `SaveFailedError` (`session.write_failed`); the file that was there is untouched then.
 */
export async function writeFileAtomic(file: string, bytes: Uint8Array, fs: WriteFs = nodeFs): Promise<void> {
  let temporary: string | undefined
  try {
    const target = await linkTarget(file, fs)
    const folder = path.dirname(target)
    temporary = path.join(folder, `.${path.basename(target)}.${randomUUID()}.tmp`)
    await writeAndSync(temporary, bytes, fs)
    await fs.rename(temporary, target)
    temporary = undefined
    await syncFolder(folder, fs)
  } catch (error) {
    const failure = fileError('write', file, error)
    if (temporary !== undefined) await removeLeftover(temporary, fs)
    throw failure
  }
}

async function linkTarget(file: string, fs: WriteFs): Promise<string> {
  try {
    return await fs.realpath(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return path.resolve(file)
    throw error
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

async function syncFolder(folder: string, fs: WriteFs): Promise<void> {
  // Windows cannot open a folder; NTFS logs the rename by itself.
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeLeftover(file: string, fs: WriteFs): Promise<void> {
  try {
    await fs.unlink(file)
  } catch {
    // The failure that brought us here is the one to report; the leftover is 0600 and never read.
  }
}
