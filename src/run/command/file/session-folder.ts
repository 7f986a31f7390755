import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ConfigurationError, safeCause } from '../../../base/errors.ts'
import { describeError } from '../../report.ts'

/** Where the session is placed: the path that the user named, or a folder of its own. */
export class SessionFolder {
  readonly file: string
  readonly #folder: string | undefined

  private constructor(file: string, folder?: string) {
    this.file = file
    this.#folder = folder
  }

  static async make(named: string | undefined, name: string): Promise<SessionFolder> {
    if (named !== undefined) return new SessionFolder(named)
    const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-')).catch((error: unknown) => {
      throw noFolder(error)
    })
    return new SessionFolder(path.join(folder, `${encodeURIComponent(name).slice(0, 100)}.session`), folder)
  }

  /** Leaves what lies at a path that the user named. */
  async remove(): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
  }
}

function noFolder(error: unknown): ConfigurationError {
  const what = `no folder for the session could be made in ${tmpdir()} (${describeError(error).code})`
  return new ConfigurationError('run.no_folder', what, {
    hint: 'Name a path that can be written in TGSESSION_FILE, or another folder for temporary files in TMPDIR.',
    cause: safeCause(error),
  })
}
