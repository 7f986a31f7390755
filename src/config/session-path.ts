import { homedir } from 'node:os'
import path from 'node:path'
import { ConfigurationError } from '../base/errors.ts'

const SUFFIX = '.session'

/**
 * The absolute path that TGSESSION_FILE or `--file` names. `~/` is the home directory, blanks around it do not count.
 * Telethon and our own session classes add `.session` to a name that does not end so, and would open another file.
 * @throws `ConfigurationError` (`run.bad_file`) for what is no path of a `.session` file
 */
export function sessionPath(text: string, variable = 'TGSESSION_FILE'): string {
  const given = text.trim()
  if (/^[a-z][a-z0-9+.-]+:/i.test(given)) throw bad(variable, 'is a path, not a URL')
  if (/^~[^/]/.test(given)) throw bad(variable, 'names the home directory of another user')
  if (given.includes('\0')) throw bad(variable, 'holds a character that no path has')
  if (/[\\/]$/.test(given)) throw bad(variable, 'names a folder')
  if (!given.endsWith(SUFFIX) || path.basename(given) === SUFFIX)
    throw bad(variable, 'does not end in .session')
  return path.resolve(given.startsWith('~/') ? path.join(homedir(), given.slice(2)) : given)
}

function bad(variable: string, what: string): ConfigurationError {
  return new ConfigurationError('run.bad_file', `${variable} ${what}`, {
    hint: 'Name a file whose name ends in .session, such as ./main.session.',
  })
}
