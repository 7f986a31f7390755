import { open, realpath, stat } from 'node:fs/promises'
import { BadDataError, ConflictError } from '../../base/errors.ts'
import { readWhole } from '../../base/durable-files.ts'
import { errno, fileError, isDirectory } from '../../base/file-errors.ts'

/** Far above any session; keeps a wrongly named file from filling the memory. */
export const MAX_SESSION_BYTES = 512 * 1024 * 1024

/** Tells one state of a file from another without reading it: inode, size, time of change. */
export type FileStamp = string

/**
 * The bytes of a session file on disk, provided that they are all of it: a `-wal` or a hot `-journal` beside it
 * means that part of the session stands there, which its bytes alone would lose.
 * Throws `NoSessionError` (`session.not_found`) only if there is no such file; `BadDataError` (`session.wal_pending`,
 * `session.hot_journal`, `session.is_directory`, `session.not_a_file`, `session.too_large`), `ForbiddenError`
 * (`session.may_not_read`), `UnreachableError` (`session.read_failed`), `ConflictError` (`session.busy`).
 */
export async function readSessionFile(file: string): Promise<Uint8Array> {
  return (await readStamped(file)).bytes
}

export async function readStamped(file: string): Promise<{ bytes: Uint8Array; stamp: FileStamp }> {
  const info = await describe(file)
  if (info === undefined)
    throw fileError('read', file, Object.assign(new Error('not there'), { code: 'ENOENT' }))
  if (info.isDirectory) throw isDirectory(file)
  if (!info.isFile)
    throw new BadDataError('session.not_a_file', `${file} is not a regular file`, {
      hint: 'Name the .session file.',
    })
  if (info.size > MAX_SESSION_BYTES)
    throw new BadDataError('session.too_large', `${file} is larger than any session file`, {
      hint: 'Check that the right file was named.',
    })
  await refuseSidecars(file)
  const bytes = await readWhole(file).catch(async (error: unknown) => {
    if ((await stampOf(file)) !== info.stamp) throw busy(file)
    throw fileError('read', file, error)
  })
  await refuseSidecars(file)
  if (bytes !== null && (await stampOf(file)) === info.stamp) return { bytes, stamp: info.stamp }
  throw busy(file)
}

function busy(file: string): ConflictError {
  return new ConflictError('session.busy', `${file} changed while it was read`, {
    hint: 'Stop the program that writes to it, then try again.',
  })
}

/** Undefined for a proven "not there". */
export async function stampOf(file: string): Promise<FileStamp | undefined> {
  return (await describe(file))?.stamp
}

/** Which of SQLite's side files still holds a part of the database, if any. */
export async function pendingSidecar(file: string): Promise<'-wal' | '-journal' | undefined> {
  let target
  try {
    target = await realpath(file)
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw fileError('read', file, error)
  }
  if ((await firstByte(`${target}-wal`)) !== undefined) return '-wal'
  // A journal whose header is zeroed or that is empty was committed (SQLite's journal modes persist and truncate).
  const journal = await firstByte(`${target}-journal`)
  return journal === undefined || journal === 0 ? undefined : '-journal'
}

async function refuseSidecars(file: string): Promise<void> {
  const sidecar = await pendingSidecar(file)
  if (sidecar === undefined) return
  const reason = sidecar === '-wal' ? 'wal_pending' : 'hot_journal'
  const message = `${file}${sidecar} holds changes that are not in the session file yet`
  const hint = `Stop the program that uses it, or open it once with: sqlite3 ${file} "pragma journal_mode=delete; pragma user_version"`
  throw new BadDataError(`session.${reason}`, message, { hint })
}

async function describe(file: string) {
  try {
    const info = await stat(file, { bigint: true })
    const stamp: FileStamp = `${info.ino}:${info.size}:${info.mtimeNs}`
    return { stamp, size: info.size, isFile: info.isFile(), isDirectory: info.isDirectory() }
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw fileError('read', file, error)
  }
}

/** Undefined if the file is empty or not there. */
async function firstByte(file: string): Promise<number | undefined> {
  try {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0)
      return bytesRead === 0 ? undefined : buffer[0]
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw fileError('read', file, error)
  }
}
