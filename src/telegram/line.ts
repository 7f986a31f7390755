import type { TelegramClient } from 'telegram'
import { ConnectionTCPFull } from 'telegram/network/connection/TCPFull.js'
import type { Connection } from 'telegram/network/connection/Connection.js'
import type { Session } from 'telegram/sessions/Abstract.js'
import { hangUp, Internals, park, rawSocket } from './internals.ts'

/** Telegram answered a packet with a bare negative number instead of a message: −404, −429, −444. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  /** As sent: −404 means that the server does not know the auth key. */
  readonly code: number

  constructor(code: number) {
    super(`transport error ${code}`)
    this.code = code
  }
}

const KEY_UNKNOWN = -404

/** Everything that one client has open to Telegram, and whether it may open more. */
export class Line {
  /** Rejects with a TransportError once the server says that it does not know the session's auth key. */
  readonly keyGone: Promise<never>
  readonly #tellKeyGone: (error: Error) => void
  readonly #connections = new Set<Connection>()
  #closed = false

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    this.keyGone = promise
    this.#tellKeyGone = reject
  }

  /** Connects unless the line was closed; then it never settles, because GramJS would only try again. */
  async open(connection: Connection, connect: () => Promise<void>): Promise<void> {
    if (this.#isClosed()) return await park()
    this.#connections.add(connection)
    try {
      await connect()
    } catch (error) {
      this.#connections.delete(connection)
      throw error
    }
    rawSocket(connection)?.once('close', () => this.#connections.delete(connection))
    if (this.#isClosed()) {
      await hangUp(rawSocket(connection))
      return await park()
    }
  }

  #isClosed(): boolean {
    return this.#closed
  }

  keyRefused(): void {
    this.#tellKeyGone(new TransportError(KEY_UNKNOWN))
  }

  /** Closes every socket and waits for that; none is opened afterwards. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#connections].map((connection) => hangUp(rawSocket(connection))))
    this.#connections.clear()
  }
}

const lines = new WeakMap<object, Line>()

/** The line of a client that was made with `clientOptions`; undefined for any other. */
export function lineOf(client: TelegramClient): Line | undefined {
  return lines.get(new Internals(client).connectionClass)
}

/**
 * A connection class for one client of one session. GramJS dials port 80 whatever the session says; this one
 * dials the session's own port at the session's own address, and leaves every other data centre as it is.
 */
export function connectionFor(session: Session): typeof ConnectionTCPFull {
  const line = new Line()

  class SessionConnection extends ConnectionTCPFull {
    readonly #own: boolean

    constructor(params: ConstructorParameters<typeof ConnectionTCPFull>[0]) {
      const own = params.dcId === session.dcId && params.ip === session.serverAddress
      super(own && session.port ? { ...params, port: session.port } : params)
      this.#own = own
    }

    override async connect(): Promise<void> {
      await line.open(this, () => super.connect())
    }

    override async recv(): Promise<unknown> {
      const packet: unknown = await super.recv()
      const refused = Buffer.isBuffer(packet) && packet.length === 4 && packet.readInt32LE(0) === KEY_UNKNOWN
      if (refused && this.#own && session.authKey?.getKey()) line.keyRefused()
      return packet
    }
  }

  lines.set(SessionConnection, line)
  return SessionConnection
}
