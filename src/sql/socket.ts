import type net from 'node:net'
import type { SqlConnection, SqlResult } from './connection.ts'
import type { ServerLocation } from './location.ts'

/** What the driver of one kind of server does over a socket of ours. */
export interface SqlDriver {
  dial(location: ServerLocation): net.Socket
  /** Resolves once the server has let us in. `onLost`: an idle connection has gone; unheard, that would end the process. */
  greet(
    socket: net.Socket,
    location: ServerLocation,
    how: { encrypted: boolean; onLost: () => void },
  ): Promise<SqlSession>
  /** Whether this failure means that the server does not support TLS. */
  hasNoTls(error: unknown): boolean
}

export interface SqlSession {
  query(sql: string, parameters: readonly unknown[]): Promise<SqlResult>
  end(): void
}

/** One connection to a server: encrypted as its address wants it, cut off with its socket. */
export class SocketConnection implements SqlConnection {
  readonly #driver: SqlDriver
  readonly #location: ServerLocation
  #socket: net.Socket | undefined
  #session: SqlSession | undefined
  #lost = false
  #ended = false

  constructor(driver: SqlDriver, location: ServerLocation) {
    this.#driver = driver
    this.#location = location
  }

  get usable(): boolean {
    return !this.#lost && !this.#ended
  }

  async open(): Promise<void> {
    const { mode } = this.#location.tls
    try {
      await this.#greet(mode !== 'disable')
    } catch (error) {
      if (mode !== 'prefer' || !this.#driver.hasNoTls(error) || this.#ended) throw error
      this.#socket?.destroy()
      await this.#greet(false)
    }
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    if (this.#session === undefined) throw new TypeError('the connection was not opened')
    return await this.#session.query(sql, parameters)
  }

  hold(on: boolean): void {
    if (on) this.#socket?.ref()
    else this.#socket?.unref()
  }

  end(): void {
    this.#ended = true
    this.#session?.end()
  }

  destroy(): void {
    this.#ended = true
    this.#socket?.destroy()
  }

  async #greet(encrypted: boolean): Promise<void> {
    const socket = this.#driver.dial(this.#location)
    const onLost = (): void => {
      if (socket === this.#socket) this.#lost = true
    }
    socket.once('close', onLost)
    this.#socket = socket
    this.#lost = false
    this.#session = await this.#driver.greet(socket, this.#location, { encrypted, onLost })
  }
}
