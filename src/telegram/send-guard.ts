/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- the names are the client libraries' */
import { Internals } from './internals.ts'
import type { AnyClient } from './internals.ts'
import { lineOf } from './line.ts'
import { park } from './sockets.ts'

interface RawConnection {
  _send: (this: RawConnection, data: Buffer) => Promise<void>
}

/**
 * Asks before every packet that the client writes to a socket; after a no the packet stays unsent, and so does all that
 * follows on that connection. It is the last moment at which a process that was frozen can notice. Returns false,
 * and guards nothing, for a client that was not made with `clientOptions`: it shares its connections' class.
 */
export function guardSends(client: AnyClient, maySend: () => boolean): boolean {
  if (!lineOf(client)) return false
  const connections = new Internals(client).connectionClass.prototype as unknown as RawConnection
  const send = connections._send
  connections._send = function guarded(data) {
    return maySend() ? send.call(this, data) : park()
  }
  return true
}
