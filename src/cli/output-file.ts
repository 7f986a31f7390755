import { existsSync } from 'node:fs'
import { Option } from 'commander'
import { UsageError } from '../base/errors.ts'
import { writeDatabase, writeFileAtomic } from '../base/write-file.ts'
import { refuseForeign } from '../session/overwrite.ts'
import { note, printJson, say } from './terminal/output.ts'

export interface OutputFlags {
  overwrite?: boolean
  json?: boolean
}

/** What names standard output in the place of a file. */
const STDOUT = '-'

export const outputOption = (description: string): Option =>
  new Option('-o, --output <file>', `${description}, mode 0600; - is standard output`)

export const overwriteOption = (): Option => new Option('--overwrite', 'also if the file is there already')

/**
 * Whether a secret may be written there, before anything is done for it. Nothing is changed.
 * @throws UsageError `file.exists`, `file.terminal`, `file.two_answers`; and as `refuseForeign`
 */
export async function checkOutput(file: string, { overwrite, json }: OutputFlags): Promise<void> {
  if (file !== STDOUT) {
    if (existsSync(file) && !overwrite) throw fileExists(file)
    return await refuseForeign(file)
  }
  if (json)
    throw new UsageError('file.two_answers', 'standard output cannot take both the session and JSON', {
      hint: 'Name a file, or leave --json out.',
    })
  if (process.stdout.isTTY)
    throw new UsageError('file.terminal', 'standard output is a terminal, which a session file is not for', {
      hint: 'Name a file, or pipe it on.',
    })
}

export function fileExists(file: string): UsageError {
  return new UsageError('file.exists', `${file} is there already`, {
    hint: 'Name another, or give --overwrite. What that replaces may be the only copy of a secret.',
  })
}

/** Writes a session file, or text, and says so where that does not mix with it: as JSON if `answer` is wanted so. */
export async function writeOutput(
  file: string,
  bytes: Uint8Array,
  { words, answer, isText = false }: { words: string; answer?: object | false | undefined; isText?: boolean },
): Promise<void> {
  if (file === STDOUT) {
    // What failed is told by the stream's own listener.
    const error = await new Promise((resolve) => void process.stdout.write(bytes, resolve))
    return error ? undefined : note(words)
  }
  await (isText ? writeFileAtomic : writeDatabase)(file, bytes)
  if (answer) printJson(answer)
  else say(words)
}

/** How messages name it. */
export function nameOf(file: string): string {
  return file === STDOUT ? 'standard output' : file
}
