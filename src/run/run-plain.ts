import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PlainSession } from '../config/open-plain-session.ts'
import { placeFile } from '../session/place-file.ts'
import { COMMAND_SHARE } from './budget.ts'
import { Command } from './command.ts'
import { type RunOptions, stopOf } from './run-options.ts'

/**
 * Runs a command on a session that was read from one plain file: place, start, wait. No lease and no write-back, of
 * which the plain session's own warning tells. Returns the exit code of the command.
 */
export async function runPlain(session: PlainSession, options: RunOptions): Promise<number> {
  const { report, stop, shutdownMs } = options
  const { bytes, keyFingerprint, warning } = session
  report('warning', { message: warning })
  const folder = options.file ? undefined : await mkdtemp(path.join(tmpdir(), 'tgsession-'))
  const file = options.file ?? path.join(folder ?? '', 'plain.session')
  try {
    await placeFile(file, bytes)
    report('session.restored', { revision: null, bytes: bytes.length, key: keyFingerprint })
    const command = new Command({
      ...options,
      session: { TGSESSION_FILE: file },
      passEnv: options.passEnv ?? false,
    })
    report('command.started', { pid: command.pid ?? 0 })
    const onStop = (): void => {
      const { signal } = stopOf(options)
      if (options.forwards(signal)) command.signal(signal)
      void command.stop(shutdownMs * COMMAND_SHARE)
    }
    stop.addEventListener('abort', onStop, { once: true })
    if (stop.aborted) onStop()
    const exitCode = await command.ended
    report('command.ended', { because: stop.aborted ? 'stopped' : 'exited', exitCode })
    return exitCode
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true })
  }
}
