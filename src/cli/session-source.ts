import type { Readable } from 'node:stream'
import { BadDataError, UsageError } from '../base/errors.ts'
import type { PortableSession } from '../session/formats/portable-session.ts'
import { recogniseString } from '../session/formats/strings/session-string.ts'
import { readStoreSession } from '../session/formats/gramjs/store-session.ts'
import { MAX_SESSION_BYTES, readSessionFile } from '../session/sqlite/read-file.ts'

/**
 * What SOURCE names: the bytes of a file or, for '-', of standard input; a GramJS StoreSession folder is read here.
 * A session string in its place is refused unread: everyone who may list processes sees the command line.
 * Throws `UsageError` (`source.string_in_argv`, `source.terminal`), and as `readSessionFile` and `readStoreSession`.
 */
export async function readSource(
  source: string,
  input: Readable & { isTTY?: boolean } = process.stdin,
): Promise<Uint8Array | PortableSession> {
  if (source === '-') return await readAll(input)
  if (recogniseString(source) !== undefined)
    throw new UsageError('source.string_in_argv', 'a session string must not stand on the command line', {
      hint: 'Others on this machine can read it there. Put it into a file, or pipe it in and name - as the source.',
    })
  try {
    return await readSessionFile(source)
  } catch (error) {
    const isFolder = error instanceof BadDataError && error.code === 'session.is_directory'
    if (!isFolder) throw error
  }
  return await readStoreSession(source)
}

async function readAll(input: Readable & { isTTY?: boolean }): Promise<Uint8Array> {
  if (input.isTTY)
    throw new UsageError('source.terminal', 'standard input is a terminal, which would show the session', {
      hint: 'Pipe it in: tgsession convert - --to gramjs-string -o new.txt < string.txt',
    })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > MAX_SESSION_BYTES)
      throw new BadDataError('session.too_large', 'standard input holds more than any session', {
        hint: 'Check what is piped in.',
      })
    chunks.push(bytes)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
