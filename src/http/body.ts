import type { IncomingMessage } from 'node:http'
import { UsageError } from '../base/errors.ts'

/** A phone number, a code, a password or a bot token: nothing here is longer. */
const MOST_BYTES = 4_096

/**
 * The JSON value that was posted.
 * @throws UsageError http.body: it is not JSON, not said to be, or longer than 4 KiB
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // A form of another page can send three types without asking; this is none of them.
  if (!/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    throw badBody('it is not application/json')
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    const bytes = Buffer.from(part)
    length += bytes.length
    if (length > MOST_BYTES) throw badBody(`it is longer than ${MOST_BYTES} bytes`)
    parts.push(bytes)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    throw badBody('it is not JSON')
  }
}

function badBody(why: string): UsageError {
  return new UsageError('http.body', `the request cannot be read: ${why}`, {
    hint: 'Reload the page.',
  })
}
