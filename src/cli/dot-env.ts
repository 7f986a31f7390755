import { readFileSync } from 'node:fs'
import { parse } from 'dotenv'
import { ConfigurationError, safeCause } from '../base/errors.ts'
import { errno } from '../base/file-errors.ts'
import { decodeText } from '../base/input.ts'

/** Of these, a value that `.env` cuts short is an error. */
const OURS = /^(?:TGSESSION|TELEGRAM|API|AWS|FIREBASE|GOOGLE|DATABASE)_/

/**
 * What `.env` in the working directory sets; nothing where there is none (or a folder, as Python's virtual environments are
 * called). Throws `ConfigurationError` (`config.env_file`) for one that cannot be read or decoded, and for a value of ours
 * that it cuts at a #: half a password would be used, and shown, as if it were something else.
 */
export function readDotEnv(file = '.env'): Record<string, string> {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const code = errno(error) ?? 'unknown'
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) return {}
    throw new ConfigurationError('config.env_file', `${file} is there, but cannot be read (${code})`, {
      hint: 'Let this user read it, or remove it.',
      cause: safeCause(error),
    })
  }
  const text = decodeText(bytes)
  if (text === null)
    throw new ConfigurationError('config.env_file', `${file} is not a text in UTF-8 or UTF-16`, {
      hint: 'Save it as UTF-8.',
    })
  const cut = text.split(/\r\n?|\n/).flatMap(cutShort)
  if (cut.length === 0) return parse(text)
  throw new ConfigurationError('config.env_file', `${file} cuts ${cut.join(', ')} at the #`, {
    hint: 'Put the value into quotes, or write # in a URL as %23. A comment needs a blank before its #.',
  })
}

/** The name of a variable of ours whose unquoted value continues after a #. */
function cutShort(line: string): string[] {
  const name = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*[^\s'"`#][^\s#]*#/.exec(line)?.[1]
  return name !== undefined && OURS.test(name) ? [name] : []
}
