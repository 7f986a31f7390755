import type { PlainSession } from '../../config/open-plain-session.ts'
import type { OnProgress } from '../../base/transfer.ts'
import { askUntil, noAnswer } from '../await-session.ts'
import { COMMAND_SHARE } from '../../base/life/budget.ts'
import { Command } from './process/command.ts'
import { convertToFile } from '../../session/convert.ts'
import { stageSession } from './file/stage.ts'
import { patiently } from './patience.ts'
import { SessionFolder } from './file/session-folder.ts'
import { type RunOptions, showNothing, Stop, stopOf } from '../run-options.ts'

export type OpenPlain = (how: { signal: AbortSignal; onProgress: OnProgress }) => Promise<PlainSession>

/**
 * Runs a command on a session that is read from one plain file, once it is there: place, start, wait. No lease and no
 * write-back, as the plain session's own warning says. Returns the exit code of the command.
 */
export async function runPlain(open: OpenPlain, options: RunOptions): Promise<number> {
  const { report, stop, shutdownMs, showProgress = showNothing } = options
  const session = await patiently(
    options,
    (ms) => noAnswer('the address in TGSESSION_STORE', ms),
    ({ signal, awaiting }) =>
      askUntil({ ...options, signal, onAwaiting: awaiting }, () =>
        showProgress('Fetching the session', (onProgress) => open({ signal, onProgress })),
      ),
  )
  if (session instanceof Stop) return session.exitCode
  const { bytes, keyFingerprint, label, warning } = session
  report('warning', { message: warning })
  const folder = await patiently(
    options,
    (ms) => noAnswer(label, ms),
    (waiting) => SessionFolder.make(options.file, { store: label, name: 'plain' }, options, waiting),
  )
  if (folder instanceof Stop) return folder.exitCode
  try {
    await folder.awaitUnused(options.clock)
    const { family } = options
    const wanted = family === undefined ? bytes : await convertToFile(bytes, { family, apiId: options.apiId })
    const { variables } = await stageSession(wanted, folder, options)
    report('session.restored', { revision: null, bytes: bytes.length, key: keyFingerprint })
    const command = new Command({ ...options, session: variables, passEnv: options.passEnv ?? false })
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
    await folder.remove()
  }
}
