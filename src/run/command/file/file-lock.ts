import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigurationError, SaveFailedError } from '../../../base/errors.ts'
import { errno, fileError } from '../../../base/file-errors.ts'
import { familyOf } from '../../../base/write-file.ts'

/** SQLITE_BUSY: https://sqlite.org/rescode.html#busy */
const BUSY = 5
/** SQLITE_FULL */
const FULL = 13

/** Which session a wrapper serves: the label of its store, and the name there. */
export interface Served {
  store: string
  name: string
}

/**
 * The right of one wrapper to one session file: an exclusive transaction on a file of its own, which the kernel ends
 * with the process, however that ends. It lies in a private folder beside the session, in which copies are made as well.
 */
export class FileLock {
  /** Mode 0700. */
  readonly folder: string
  readonly #database: DatabaseSync

  private constructor(folder: string, database: DatabaseSync) {
    this.folder = folder
    this.#database = database
  }

  /** Where the private folder of a session file lies. */
  static folderOf(file: string): string {
    return path.join(path.dirname(file), `.${path.basename(file)}.run`)
  }

  /** Null while another process, or another `run` of this one, has it. */
  static async tryTake(file: string, served: Served): Promise<FileLock | null> {
    const folder = FileLock.folderOf(file)
    const lock = path.join(folder, 'lock')
    try {
      for (;;) {
        await mkdir(folder, { mode: 0o700, recursive: true })
        // Never opened where it is there: closing it would free the locks that another run of this process has on it.
        await writeFile(lock, '', { flag: 'wx', mode: 0o600 }).catch(unlessThere)
        const before = await inode(lock)
        const database = open(lock)
        if (database === null) return null
        // The former owner may have removed it in between: then the lock is on a file that no other process finds.
        if (before !== undefined && before === (await inode(lock))) {
          await writeFile(path.join(folder, 'of'), textOf(served), { mode: 0o600 })
          return new FileLock(folder, database)
        }
        database.close()
      }
    } catch (error) {
      return refusePlace(
        fileError('write', file, isFull(error) ? Object.assign(error, { code: 'ENOSPC' }) : error),
      )
    }
  }

  /** Whether the wrapper that has the lock serves this session. */
  static async isOf(file: string, served: Served): Promise<boolean> {
    const text = await readFile(path.join(FileLock.folderOf(file), 'of'), 'utf8').catch(() => '')
    return text === textOf(served)
  }

  /** Removes the folder, then lets the lock go. */
  async release(): Promise<void> {
    for (const name of [...familyOf('copy'), 'of', ...familyOf('lock').toReversed()])
      await rm(path.join(this.folder, name), { force: true })
    // A program may have put something of its own there.
    await rmdir(this.folder).catch(() => undefined)
    this.#database.close()
  }
}

function unlessThere(error: unknown): void {
  if (errno(error) !== 'EEXIST') throw error
}

/** Nothing was used yet, so nothing is lost: a full disk is not what the exit code of a failed last save means. */
export function refusePlace(error: unknown): never {
  if (!(error instanceof SaveFailedError)) throw error
  throw new ConfigurationError(
    'run.not_placed',
    `the session could not be placed for the command: ${error.message}`,
    {
      hint: `${error.hint} Or name another folder in TMPDIR, or another path in TGSESSION_FILE.`,
      cause: error,
    },
  )
}

function textOf({ store, name }: Served): string {
  return `${JSON.stringify({ store, name })}\n`
}

function open(lock: string): DatabaseSync | null {
  const database = new DatabaseSync(lock, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return null
    throw error
  }
}

function isFull(error: unknown): error is Error {
  return error instanceof Error && 'errcode' in error && error.errcode === FULL
}

async function inode(file: string): Promise<bigint | undefined> {
  try {
    return (await stat(file, { bigint: true })).ino
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
