import { randomUUID } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { backup, DatabaseSync } from 'node:sqlite'

const SIDECARS = ['-journal', '-wal', '-shm'] as const

/** Changes whenever the session file does; costs a stat, reads nothing. */
export async function fileMark(path: string): Promise<string> {
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
 * a plain copy can be torn. Throws while a writer is in the middle of a large transaction; try again later.
 */
export async function captureLive(path: string): Promise<Uint8Array> {
  const copy = `${path}.${randomUUID()}.capture`
  const source = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  try {
    await backup(source, copy, { rate: 1_000_000 })
    return await readFile(copy)
  } finally {
    source.close()
    for (const name of [copy, ...SIDECARS.map((sidecar) => copy + sidecar)]) await rm(name, { force: true })
  }
}

/**
 * The file after its writer has ended, however it ended: opened for writing, so that SQLite rolls back a hot
 * journal or takes in a write-ahead log first.
 */
export async function captureFinal(path: string): Promise<Uint8Array> {
  const database = new DatabaseSync(path, { timeout: 1000 })
  try {
    database.exec(
      'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE; SELECT count(*) FROM sqlite_master',
    )
  } finally {
    database.close()
  }
  return await readFile(path)
}
