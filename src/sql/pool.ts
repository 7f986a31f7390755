import type { SqlConnection, SqlResult } from './connection.ts'

export interface SqlLimits {
  /** To establish a connection, TLS and password included. */
  connectMs: number
  /** For one statement. Counted here and not by the server: a setting of the session would not survive PgBouncer. */
  queryMs: number
  /** How long an unused connection is kept. */
  idleMs: number
}

/** No answer within the time; what was sent may have been done, or may be yet. */
export class SqlTimeout extends Error {
  readonly code = 'ETIMEDOUT'
  override readonly name = 'SqlTimeout'
}

interface Idle {
  connection: SqlConnection
  timer: NodeJS.Timeout
}

/**
 * A few connections, each used for one statement at a time. A statement that runs out of time, or is no longer wanted,
 * costs its connection: nothing else makes a busy or vanished server release it.
 */
export class SqlPool {
  readonly #connect: () => SqlConnection
  readonly #limits: SqlLimits
  readonly #idle: Idle[] = []
  readonly #waiting: (() => void)[] = []
  #free: number
  #closed = false

  constructor(connect: () => SqlConnection, size: number, limits: SqlLimits) {
    this.#connect = connect
    this.#free = size
    this.#limits = limits
  }

  async query(
    sql: string,
    parameters: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<SqlResult> {
    const connection = await this.acquire(signal)
    try {
      return await this.queryOn(connection, sql, parameters, signal)
    } finally {
      this.release(connection)
    }
  }

  /** For several statements one after another; it must be released. */
  async acquire(signal?: AbortSignal): Promise<SqlConnection> {
    await this.#enter(signal)
    try {
      // A caller takes an idle connection before it opens a new one, so there are never more than the limit.
      return this.#reuse() ?? (await this.#open(signal))
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  async queryOn(
    connection: SqlConnection,
    sql: string,
    parameters: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<SqlResult> {
    signal?.throwIfAborted()
    return await within(connection.query(sql, parameters), this.#limits.queryMs, signal, connection)
  }

  release(connection: SqlConnection): void {
    this.#keep(connection)
    this.#leave()
  }

  /** Statements on their way are let finish. */
  close(): void {
    this.#closed = true
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      connection.end()
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const give = (): void => {
      signal?.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(give), 1)
      reject(signal?.reason)
    }
    this.#waiting.push(give)
    signal?.addEventListener('abort', giveUp, { once: true })
    await promise
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }

  async #open(signal: AbortSignal | undefined): Promise<SqlConnection> {
    const connection = this.#connect()
    try {
      await within(connection.open(), this.#limits.connectMs, signal, connection)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  #reuse(): SqlConnection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      clearTimeout(last.timer)
      if (last.connection.usable) {
        last.connection.hold(true)
        return last.connection
      }
      last.connection.destroy()
    }
    return undefined
  }

  #keep(connection: SqlConnection): void {
    if (!connection.usable) return connection.destroy()
    if (this.#closed) return connection.end()
    connection.hold(false)
    const timer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(idle), 1)
      connection.end()
    }, this.#limits.idleMs)
    const idle: Idle = { connection, timer: timer.unref() }
    this.#idle.push(idle)
  }
}

/** The outcome of `work`, unless time runs out or the signal aborts first: then the connection is cut off. */
async function within<T>(
  work: Promise<T>,
  ms: number,
  signal: AbortSignal | undefined,
  connection: SqlConnection,
): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = (reason: unknown): void => {
    reject(reason)
    connection.destroy()
  }
  const onAbort = (): void => stop(signal?.reason)
  const timer = setTimeout(() => stop(new SqlTimeout(`no answer within ${ms} ms`)), ms)
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([stopped, work])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    // Once the connection is cut it fails as well, but by then nothing awaits it.
    work.catch(() => undefined)
  }
}
