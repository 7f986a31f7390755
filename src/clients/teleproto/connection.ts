import { ConnectionTCPFull } from 'teleproto/network/index.js'
import type { Session } from 'teleproto/sessions/index.js'
import { dcIdOf } from '../../telegram/client/internals.ts'
import { Line, putOnLine, isKeyUnknown } from '../../telegram/client/line.ts'
import { clientLibrary } from './library.ts'

/** A connection class for one client of one session: all that it opens is on one line, and is closed with it. */
export function connectionFor(session: Session): typeof ConnectionTCPFull {
  const line = new Line(clientLibrary(), refuse)

  class SessionConnection extends ConnectionTCPFull {
    override async connect(): Promise<void> {
      await line.open(this, () => super.connect())
      if (this.#isOwn) line.onOpened()
    }

    override async recv(): Promise<unknown> {
      const packet: unknown = await super.recv()
      if (this.#isOwn && isKeyUnknown(packet) && session.authKey?.getKey()) line.keyRefused()
      return packet
    }

    get #isOwn(): boolean {
      return dcIdOf(this) === session.dcId
    }
  }

  putOnLine(SessionConnection, line)
  return SessionConnection
}

/** Where GramJS would wait forever, teleproto waits ten seconds. A disconnected client does not retry. */
function refuse(): Promise<never> {
  return Promise.reject(new Error('This client was disconnected for good.'))
}
