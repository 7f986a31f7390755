import { UsageError } from '../../base/errors.ts'

/**
 * A list of sessions: on each line an id, blank space, and a session string of any client. Empty lines and those that
 * begin with # are passed over. Throws `UsageError` (`container.bad_line`), which does not repeat the line.
 */
export function sessionLines(text: string): [id: string, session: string][] {
  const sessions: [id: string, session: string][] = []
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, id, session] = /^(.+?)\s+(\S+)$/.exec(line) ?? []
    if (id === undefined || session === undefined)
      throw new UsageError('container.bad_line', `line ${index + 1} is not an id and a session string`, {
        hint: 'One session a line: its id, a blank, the string.',
      })
    sessions.push([id, session])
  }
  return sessions
}
