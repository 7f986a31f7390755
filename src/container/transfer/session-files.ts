import path from 'node:path'
import { listSessions } from '../../session/list-sessions.ts'
import { readSessionFile } from '../../session/sqlite/read-file.ts'

/**
 * The `.session` files of a folder with their names as ids (%2F in a name is a slash of the id), for `container.importSessions`. Each
 * is read when it is its turn; one that cannot be is told then, as any failure.
 *
 * @example
 * ```ts
 * import { sessionFiles } from 'tgsession/container'
 * import { SqlSessionContainer } from 'tgsession/gramjs'
 *
 * await using container = new SqlSessionContainer('sqlite:sessions.db', { key: process.env.TGSESSION_KEY })
 * console.log(await container.importSessions(sessionFiles('./sessions')))
 * ```
 */
export async function* sessionFiles(
  folder: string,
): AsyncGenerator<[id: string, read: () => Promise<Uint8Array>]> {
  for (const name of await listSessions(folder)) {
    const file = `${name}.session`
    yield [sessionIdOf(file), () => readSessionFile(path.join(folder, file))]
  }
}

/** What a session's file is called: its id, with %2F for a slash and the like, where the id is no name of a file. */
export function sessionFileName(id: string): string {
  const escaped = id.replaceAll(
    /[%/\\:*?"<>|]|^\./g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
  return `${escaped}.session`
}

/** The other way round, for a file with or without its folder. */
export function sessionIdOf(file: string): string {
  return path
    .basename(file)
    .replace(/\.[^.]*$/, '')
    .replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
