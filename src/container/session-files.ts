import path from 'node:path'
import { listSessions } from '../session/list-sessions.ts'
import { readSessionFile } from '../session/read-file.ts'

/**
 * The `.session` files of a folder with their names as ids, for `container.importSessions`. One that cannot be read
 * throws as `readSessionFile` does.
 */
export async function* sessionFiles(folder: string): AsyncGenerator<[id: string, bytes: Uint8Array]> {
  for (const id of await listSessions(folder))
    yield [id, await readSessionFile(path.join(folder, `${id}.session`))]
}
