import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { ConfigurationError, LeaseError, safeCause } from '../../../base/errors.ts'
import { openedBy } from '../../../base/held-open.ts'
import { familyOf, fileInUse } from '../../../base/write-file.ts'
import { writeTarget } from '../../../base/write-target.ts'
import { refuseForeign } from '../../../session/overwrite.ts'
import { describeError } from '../../../base/life/report.ts'
import type { RunOptions } from '../../run-options.ts'
import { FileLock, type Served } from './file-lock.ts'
import {
  isFile,
  type LeftoverOptions,
  PREFIX,
  quarantineLeftover,
  removeFolder,
  setAside,
  sessionName,
  sweep,
} from './leftover.ts'
import type { Waiting } from '../patience.ts'

const LOOK_MS = 250
/** For as long a process may still have the file open. */
const PATIENCE_MS = 5000

/** Where the session is placed: the path that the user named, or a private folder of its own. One wrapper has it. */
export class SessionFolder {
  /** Absolute; links are resolved. */
  readonly file: string
  readonly #served: Served
  readonly #lock: FileLock
  readonly #folder: string | undefined

  private constructor(file: string, served: Served, lock: FileLock, folder?: string) {
    this.file = file
    this.#served = served
    this.#lock = lock
    this.#folder = folder
  }

  /** Private: for copies of the session. */
  get scratch(): string {
    return this.#lock.folder
  }

  /**
   * Waits while another wrapper of the same session has the path, as for the lease.
   * @throws `ConfigurationError` (78): `run.no_folder`, `run.file_served` where another session is served there,
   * `session.file_in_use`, `session.foreign_file`, and as `writeTarget`
   */
  static async make(
    named: string | undefined,
    served: Served,
    options: RunOptions,
    waiting: Waiting,
  ): Promise<SessionFolder> {
    if (named === undefined) return await SessionFolder.#temporary(served)
    const file = await writeTarget(named)
    await refuseForeign(file)
    const lock = await takeLock(file, served, options, waiting)
    return new SessionFolder(file, served, lock)
  }

  static async #temporary(served: Served): Promise<SessionFolder> {
    const folder = await mkdtemp(path.join(tmpdir(), PREFIX)).catch((error: unknown) => {
      throw noFolder(error)
    })
    const file = path.join(folder, sessionName(served.name))
    try {
      const lock = await FileLock.tryTake(file, served)
      if (lock) return new SessionFolder(file, served, lock, folder)
      throw fileServed(file)
    } catch (error) {
      await removeFolder(folder)
      throw error
    }
  }

  /**
   * Makes the place free, and removes what wrappers of the same session have left that were killed. No auth key is lost
   * by it: one that the store does not hold is quarantined first, and a file that cannot be read is kept.
   * @throws `ConfigurationError` (`session.file_in_use`) while a process has the file open
   */
  async clear(how: LeftoverOptions): Promise<void> {
    await this.awaitUnused(how.clock)
    if (!(await quarantineLeftover(this.file, how))) {
      const kept = await setAside(this.file)
      if (kept !== undefined) how.report('session.kept', { file: kept })
    }
    if (this.#folder !== undefined) await sweep(this.#folder, this.#served, how)
  }

  /** Waits a moment for what is just being ended, such as the command of a wrapper that was killed. */
  async awaitUnused(clock: Clock): Promise<void> {
    const giveUpAt = clock.now() + PATIENCE_MS
    for (;;) {
      const pid = openedBy(familyOf(this.file))
      if (pid === undefined) return
      if (clock.now() >= giveUpAt) throw fileInUse(this.file, pid)
      await clock.sleep(LOOK_MS)
    }
  }

  /** Leaves what lies at a path that the user named. */
  async remove(): Promise<void> {
    await this.#lock.release()
    if (this.#folder !== undefined) await removeFolder(this.#folder)
  }

  /**
   * Keeps the session where neither the next start nor a sweep touches it. Returns where it is, or undefined if the
   * command has left none.
   */
  async keep(): Promise<string | undefined> {
    const isThere = await isFile(this.file)
    const kept = isThere && this.#folder === undefined ? await setAside(this.file) : this.file
    if (!isThere) return undefined
    await this.#lock.release()
    return kept
  }
}

async function takeLock(
  file: string,
  served: Served,
  { clock, report }: RunOptions,
  { signal, awaiting }: Waiting,
): Promise<FileLock> {
  for (let told = false; ; told = true) {
    const lock = await FileLock.tryTake(file, served)
    if (lock) return lock
    if (!(await FileLock.isOf(file, served))) throw fileServed(file)
    const held = new LeaseError('lease.held', `another tgsession on this machine uses ${file}`, {
      hint: 'This one takes over when the other stops.',
    })
    awaiting(held)
    if (!told) report('session.waiting', { for: held.message, hint: held.hint })
    await clock.sleep(LOOK_MS, signal)
  }
}

function fileServed(file: string): ConfigurationError {
  return new ConfigurationError('run.file_served', `another tgsession uses ${file} for another session`, {
    hint: 'Give each session a TGSESSION_FILE of its own, or none.',
  })
}

function noFolder(error: unknown): ConfigurationError {
  const what = `no folder for the session could be made in ${tmpdir()} (${describeError(error).code})`
  return new ConfigurationError('run.no_folder', what, {
    hint: 'Name a path that can be written in TGSESSION_FILE, or another folder for temporary files in TMPDIR.',
    cause: safeCause(error),
  })
}
