import { randomUUID } from 'node:crypto'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { backup, DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { safeCause, SaveFailedError, UnreachableError } from '../../../base/errors.ts'

const SIDECARS = ['-journal', '-wal', '-shm'] as const

/** Changes whenever the session file does; costs a stat, reads nothing. */
export async function fileCheckpoint(path: string): Promise<string> {
  const marks = await Promise.all(
    [path, `${path}-wal`].map((name) =>
      stat(name, { bigint: true }).then(
        ({ size, mtimeNs, ino }) => `${ino}/${size}/${mtimeNs}`,
        (error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'none'
          throw error
        },
      ),
    ),
  )
  return marks.join(' ')
}

/**
 * A sound copy of a SQLite file that another process holds open and writes to. SQLite's own backup in one step:
 * a plain copy can be torn. Throws UnreachableError (`session.busy`) while a writer is in the middle of a large
 * transaction (try again later), SaveFailedError (`session.no_room`) where the disk has none for the copy.
 */
export async function captureLive(path: string): Promise<Uint8Array> {
  const copy = `${path}.${randomUUID()}.capture`
  const source = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  try {
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
    for (const name of [copy, ...SIDECARS.map((sidecar) => copy + sidecar)]) await rm(name, { force: true })
  }
}

/** SQLITE_FULL (https://sqlite.org/rescode.html#full), or the system's own word for it. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('errcode' in error && error.errcode === 13) || ('code' in error && error.code === 'ENOSPC')
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
 * journal or takes in a write-prefetched log first. Throws where there is no such file; none is made.
 */
export async function captureFinal(path: string): Promise<Uint8Array> {
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
