import { convertToString } from '../../../session/convert.ts'
import { writeDatabase } from '../../../base/write-file.ts'
import { captureFinal, captureLive, fileCheckpoint } from './capture.ts'
import type { RunOptions } from '../../run-options.ts'
import { refusePlace } from './file-lock.ts'
import type { Source } from '../../saver.ts'

/** The session, as the command has it. */
export interface Staged {
  /** They tell the command where it is, or what. */
  variables: Record<string, string>
  /** What is saved while the command runs. */
  source: Source
  /** What is saved after it has ended; nothing, where nothing is written back. */
  final?: () => Promise<Uint8Array>
}

/**
 * Puts the session where the command finds it: into `file`, or into a variable. `scratch` is a private folder for copies.
 * @throws `ConfigurationError` (`run.not_placed`) where the disk takes no file, and as `writeDatabase`
 */
export async function stageSession(
  bytes: Uint8Array,
  { file, scratch }: { file: string; scratch: string },
  { asString, api, report }: RunOptions,
): Promise<Staged> {
  if (asString) {
    const { variable, format } = asString
    const text = await convertToString(bytes, format, { apiId: api?.apiId })
    report('session.string', { variable, saved: false })
    const source = { checkpoint: () => Promise.resolve(''), capture: () => Promise.resolve(bytes) }
    return { variables: { [variable]: text }, source }
  }
  await writeDatabase(file, bytes).catch(refusePlace)
  return {
    variables: { TGSESSION_FILE: file },
    source: { checkpoint: () => fileCheckpoint(file), capture: () => captureLive(file, scratch) },
    final: () => captureFinal(file),
  }
}
