import { ConnectionTCPFull } from 'telegram/network/connection/TCPFull.js'
import type { Session } from 'telegram/sessions/Abstract.js'
import { clientLibrary } from './library.ts'
import { Line, putOnLine, isKeyUnknown } from '../../telegram/client/line.ts'

/**
 * A connection class for one client of one session. GramJS dials port 80 whatever the session says; this one
 * dials the session's own port at the session's own address, and leaves every other data centre as it is.
 */
export function connectionFor(session: Session): typeof ConnectionTCPFull {
  const line = new Line(clientLibrary())

  class SessionConnection extends ConnectionTCPFull {
    readonly #own: boolean

    constructor(params: ConstructorParameters<typeof ConnectionTCPFull>[0]) {
      const own = params.dcId === session.dcId && params.ip === session.serverAddress
      super(own && session.port ? { ...params, port: session.port } : params)
      this.#own = own
    }

    override async connect(): Promise<void> {
      await line.open(this, () => super.connect())
      if (this.#own) line.onOpened()
    }

    override async recv(): Promise<unknown> {
      const packet: unknown = await super.recv()
      if (this.#own && isKeyUnknown(packet) && session.authKey?.getKey()) line.keyRefused()
      return packet
    }
  }

  putOnLine(SessionConnection, line)
  return SessionConnection
}
