import { Internals } from './internals.ts'
import type { AnyClient, ClientLibrary } from './internals.ts'
import { hangUp, never, rawSocket } from './sockets.ts'
import type { RawConnection } from './sockets.ts'

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

export function isKeyUnknown(packet: unknown): boolean {
  return Buffer.isBuffer(packet) && packet.length === 4 && packet.readInt32LE(0) === KEY_UNKNOWN
}

/** Everything that one client has open to Telegram, and whether it may open more. */
export class Line {
  /** Rejects with a TransportError once the server says that it does not know the session's auth key. */
  readonly keyGone: Promise<never>
  readonly library: ClientLibrary
  /** Called when a connection to the session's own data centre is established, before anything is sent over it. */
  onOpened: () => void = () => undefined
  readonly #tellKeyGone: (error: Error) => void
  readonly #connections = new Set<RawConnection>()
  readonly #refuse: () => Promise<never>
  #closed = false

  /** `refuse` is what `open` does once the line is closed. By default it never settles: GramJS would only try again. */
  constructor(library: ClientLibrary, refuse: () => Promise<never> = never) {
    this.library = library
    this.#refuse = refuse
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    this.keyGone = promise
    this.#tellKeyGone = reject
  }

  /** Connects unless the line was closed. */
  async open(connection: RawConnection, connect: () => Promise<void>): Promise<void> {
    if (this.#isClosed()) return await this.#refuse()
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
      return await this.#refuse()
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
export function lineOf(client: AnyClient): Line | undefined {
  return lines.get(new Internals(client).connectionClass)
}

/** Says on which line a client is whose connections are of this class. */
export function putOnLine(connectionClass: object, line: Line): void {
  lines.set(connectionClass, line)
}
