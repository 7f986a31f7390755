import { convertToString } from '../../../session/convert.ts'
import { readAnySession } from '../../../session/read-session.ts'
import { familyNamed } from '../../../session/formats/families.ts'
import { verifySession } from '../../../session/inspect.ts'
import { UsageError } from '../../../base/errors.ts'
import { writeDatabase } from '../../../base/write-file.ts'
import { captureFinal, captureLive, fileCheckpoint } from './capture.ts'
import { clientFile } from './client-file.ts'
import { type AccountSources, withAccount } from '../../account.ts'
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
 * Puts the session where the command finds it: into `file`, or into variables. `scratch` is a private folder for copies.
 * @throws `ConfigurationError` (`run.not_placed`) where the disk takes no file, and as `writeDatabase`
 */
export async function stageSession(
  bytes: Uint8Array,
  { file, scratch }: { file: string; scratch: string },
  options: RunOptions,
  askAccount?: AccountSources['askAccount'],
): Promise<Staged> {
  if (options.asStrings && options.asStrings.length > 0) {
    const source = { checkpoint: () => Promise.resolve(''), capture: () => Promise.resolve(bytes) }
    return { variables: await stringsOf(bytes, { ...options, askAccount }), source }
  }
  const { family } = await verifySession(bytes)
  const { bytes: placed, normalised } = await clientFile(bytes, family)
  await writeDatabase(file, placed).catch(refusePlace)
  let capturing: Promise<unknown> = Promise.resolve()
  const capture = async (): Promise<Uint8Array> => {
    const taken = captureLive(file, scratch)
    capturing = taken.catch(() => undefined)
    return normalised(await taken)
  }
  return {
    variables: { TGSESSION_FILE: file },
    source: {
      checkpoint: () => fileCheckpoint(file),
      capture,
      settled: () => capturing,
      holdsBack: familyNamed(family).holdsBack,
    },
    final: async () => normalised(await captureFinal(file)),
  }
}

async function stringsOf(
  bytes: Uint8Array,
  { asStrings = [], apiId, report, ...sources }: RunOptions & AccountSources,
): Promise<Record<string, string>> {
  const { session } = await readAnySession(bytes)
  const variables: Record<string, string> = {}
  for (const { variable, format } of asStrings) {
    const isPyrograms = format === 'pyrogram'
    if (isPyrograms && (session.apiId ?? apiId) === undefined) throw needsApiId()
    const known = isPyrograms ? await withAccount(session, bytes, sources) : session
    variables[variable] = await convertToString(known, format, { apiId: session.apiId ?? apiId })
    report('session.string', { variable, saved: false })
  }
  return variables
}

function needsApiId(): UsageError {
  return new UsageError('run.needs_api_id', "a Pyrogram string holds the application's api_id", {
    hint: 'Set TELEGRAM_API_ID; it is at https://my.telegram.org.',
  })
}
