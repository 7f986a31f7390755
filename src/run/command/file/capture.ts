import { lstat, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { safeCause, SaveFailedError, UnreachableError } from '../../../base/errors.ts'
import { errno, fileError } from '../../../base/file-errors.ts'
import { familyOf } from '../../../base/write-file.ts'
import { MAX_SESSION_BYTES } from '../../../session/sqlite/read-file.ts'

/**
 * Changes whenever the session file does; costs a stat, reads nothing.
 * @throws `SaveFailedError` (`session.gone`, `session.no_file`) once no regular file is there
 */
export async function fileCheckpoint(path: string): Promise<string> {
  await requireFile(path)
  const marks = await Promise.all([path, `${path}-wal`].map(markOf))
  return marks.join(' ')
}

async function markOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ino } = await lstat(path, { bigint: true })
    return `${ino}/${size}/${mtimeNs}`
  } catch (error) {
    if (errno(error) === 'ENOENT') return 'none'
    throw fileError('read', path, error)
  }
}

/**
 * Opening a FIFO never ends, and a link to a device has no end: the command may have put either there. What is larger than
 * what can be restored must not be called saved.
 */
async function requireFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errno(error) !== 'ENOENT') throw fileError('read', path, error)
    throw new SaveFailedError('session.gone', `the command has removed its session file ${path}`, {
      hint: 'Look at what the command does with TGSESSION_FILE. The last good state stays in the store.',
    })
  })
  if (!found.isFile())
    throw new SaveFailedError('session.no_file', `the command has put no regular file at ${path}`, {
      hint: 'Look at what the command does with TGSESSION_FILE. The last good state stays in the store.',
    })
  if (found.size > MAX_SESSION_BYTES)
    throw new SaveFailedError(
      'session.over_limit',
      `${path} has ${found.size} bytes, and cannot be stored: a session may have ${MAX_SESSION_BYTES}`,
      { hint: 'Have the program keep less in its session. The last good state stays in the store.' },
    )
}

/**
 * A sound copy of a SQLite file that another process holds open and writes to. SQLite's own backup in one step:
 * a plain copy can be torn. It is made in `folder`, which is private, with mode 0600 from its birth. Throws UnreachableError (`session.busy`) while a writer is in the middle of a large
 * transaction (try again later), SaveFailedError (`session.no_room`) where the disk has none for the copy.
 */
export async function captureLive(path: string, folder: string): Promise<Uint8Array> {
  await requireFile(path)
  const copy = join(folder, 'copy')
  const source = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  try {
    await removeFamily(copy)
    // SQLite would make it with the mode that the umask leaves.
    await (await open(copy, 'wx', 0o600)).close()
    await backup(source, copy, { rate: 1_000_000 })
    return withHeaderOf(await readHeader(path), await readFile(copy))
  } catch (error) {
    if (isFull(error))
      throw new SaveFailedError('session.no_room', `the disk has no room for a copy of ${path}`, {
        hint: 'Free some space. It is tried again; the save after the command has ended needs no room.',
        cause: safeCause(error),
      })
    throw new UnreachableError(
      'session.busy',
      'the session file could not be copied while it is written to',
      {
        hint: 'It is tried again. A program that never ends its transaction keeps its session from being saved.',
        cause: safeCause(error),
      },
    )
  } finally {
    source.close()
    await removeFamily(copy)
  }
}

async function removeFamily(file: string): Promise<void> {
  for (const name of familyOf(file)) await rm(name, { force: true })
}

/** SQLITE_FULL (https://sqlite.org/rescode.html#full), or the system's own word for it. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('errcode' in error && error.errcode === 13) || ['ENOSPC', 'EDQUOT'].includes(errno(error) ?? '')
}

const HEADER_BYTES = 100
/** Change counter, schema cookie, version-valid-for and SQLite's version: https://sqlite.org/fileformat2.html */
const COUNTERS = [
  [24, 28],
  [40, 44],
  [92, 100],
] as const

async function readHeader(path: string): Promise<Uint8Array> {
  const handle = await open(path)
  try {
    return (await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)).buffer
  } finally {
    await handle.close()
  }
}

/** A backup counts its own changes; with the counters of its source the same content has the same hash. */
function withHeaderOf(header: Uint8Array, copy: Uint8Array): Uint8Array {
  for (const [from, to] of COUNTERS) copy.set(header.subarray(from, to), from)
  return copy
}

/**
 * The file after its writer has ended, however it ended: opened for writing, so that SQLite rolls back a hot
 * journal or takes in a write-prefetched log first. Throws if there is no such file, and creates none.
 */
export async function captureFinal(path: string): Promise<Uint8Array> {
  await requireFile(path)
  const existing = pathToFileURL(path)
  existing.searchParams.set('mode', 'rw')
  const database = new DatabaseSync(existing, { timeout: 1000 })
  try {
    database.exec(
      'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; SELECT count(*) FROM sqlite_master',
    )
  } finally {
    database.close()
  }
  return await readFile(path)
}
