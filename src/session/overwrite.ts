import { BadDataError, ConfigurationError } from '../base/errors.ts'
import { readWhole } from '../base/durable-files.ts'
import { errno, fileError } from '../base/file-errors.ts'
import { writeTarget } from '../base/write-target.ts'
import { inspectSession } from './inspect.ts'

/** Above any session: what is larger is not read to find out what it is. */
const MOST_BYTES = 512 * 1024 * 1024
/** What a session that is damaged may be called; it may be written over. */
const FOREIGN = ['foreign', 'garbage', 'encrypted', 'bad_string'].map((name) => `session.${name}`)

/**
 * Returns if a session may be written to this path: nothing is there, or an empty file, or a session, whole or damaged.
 * Nothing is changed.
 * @throws `ConfigurationError` (78): `session.foreign_file` for the file of another program, and as `writeTarget`
 */
export async function refuseForeign(file: string): Promise<void> {
  const target = await writeTarget(file)
  const bytes = await readWhole(target, { maxBytes: MOST_BYTES }).catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return new Uint8Array()
    throw fileError('read', file, error)
  })
  if (bytes === null) throw foreign(file)
  if (bytes.length === 0) return
  await inspectSession(bytes).catch((error: unknown) => {
    if (!(error instanceof BadDataError)) throw error
    if (FOREIGN.includes(error.code)) throw foreign(file)
  })
}

function foreign(file: string): ConfigurationError {
  return new ConfigurationError('session.foreign_file', `${file} is there, and is no session`, {
    hint: 'Name another path, or move that file away. Nothing was changed.',
  })
}
