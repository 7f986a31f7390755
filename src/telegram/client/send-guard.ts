import { Internals } from './internals.ts'
import type { AnyClient } from './internals.ts'
import { lineOf } from './line.ts'
import { never } from './sockets.ts'

/**
 * Asks before every packet that the client writes to a socket; after a no the packet stays unsent, and so does all that
 * follows on that connection. It is the last moment at which a process that was frozen can notice. Returns false,
 * and guards nothing, for a client that was not made with `clientOptions`: it shares its connections' class.
 */
export function guardSends(client: AnyClient, maySend: () => boolean): boolean {
  if (!lineOf(client)) return false
  new Internals(client).interceptSends((send) => (maySend() ? send() : never()))
  return true
}
