/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- the names are GramJS's */
import type { Socket } from 'node:net'
import type { Api, TelegramClient } from 'telegram'
import updates from 'telegram/client/updates.js'
import rsa from 'telegram/crypto/RSA.js'
import { UpdateConnectionState } from 'telegram/network/index.js'
import type { Connection } from 'telegram/network/connection/Connection.js'

/**
 * The parts of GramJS 2.26.22 that it hides and that connecting, disconnecting and pinging cannot do without.
 * No other file knows their names, so that an upgrade has one place to check.
 */
interface RawSender {
  _connection?: Connection
  isReconnecting: boolean
  isConnected(): boolean
  connect(connection: Connection, force: boolean): Promise<boolean>
  disconnect(): Promise<void>
  reconnect(): void
  _reconnect(): Promise<void>
  _updateCallback?: UpdateHandler
  send(request: unknown): Promise<unknown>
}

interface RawClient {
  _sender?: RawSender
  _connection: typeof Connection
  _destroyed: boolean
  _isSwitchingDc: boolean
  _lastRequest?: number
  _errorHandler?: ((error: Error) => Promise<void>) | undefined
  _exportedSenderPromises: Map<number, Promise<RawSender>>
  _exportedSenderReleaseTimeouts: Map<number, NodeJS.Timeout>
  _entityCache: { add(value: unknown): void }
  _selfInputPeer?: unknown
  _eventBuilders: [{ resolved: boolean; resolve(client: TelegramClient): Promise<void> }, unknown][]
  connect(): Promise<boolean>
  _switchDC(dcId: number): Promise<boolean>
  getMe(inputPeer: true): Promise<unknown>
  invoke: Invoke
}

type Invoke = (request: unknown, ...rest: unknown[]) => Promise<unknown>

type ErrorHandler = (error: Error) => Promise<void>

/** One connection to one data centre, with GramJS's machinery that keeps it up. */
export class Sender {
  readonly #raw: RawSender

  constructor(raw: RawSender) {
    this.#raw = raw
  }

  isConnected(): boolean {
    return this.#raw.isConnected()
  }

  isReconnecting(): boolean {
    return this.#raw.isReconnecting
  }

  send(request: unknown): Promise<unknown> {
    return this.#raw.send(request)
  }

  /** Starts GramJS's own reconnection of a connection that is up. */
  reconnect(): void {
    this.#raw.reconnect()
  }

  /** The same for one that is down, where GramJS's `reconnect()` does nothing. */
  revive(): void {
    this.#raw.isReconnecting = true
    this.#raw._reconnect().catch(() => {
      this.#raw.isReconnecting = false
    })
  }

  /** Disconnects, and never connects again. */
  async silence(): Promise<void> {
    this.#raw.connect = park
    const connection = this.#raw._connection
    await this.#raw.disconnect()
    await hangUp(connection && rawSocket(connection))
  }
}

export class Internals {
  readonly #raw: RawClient

  constructor(client: TelegramClient) {
    this.#raw = client as unknown as RawClient
  }

  get sender(): Sender | undefined {
    return this.#raw._sender && new Sender(this.#raw._sender)
  }

  get connectionClass(): typeof Connection {
    return this.#raw._connection
  }

  get lastRequest(): number {
    return this.#raw._lastRequest ?? 0
  }

  isDestroyed(): boolean {
    return this.#raw._destroyed
  }

  /** Drops the key and connects to the data centre that `getDC` names; false where that fails. */
  async switchDc(dcId: number): Promise<boolean> {
    return await this.#raw._switchDC(dcId)
  }

  isSwitchingDc(): boolean {
    return this.#raw._isSwitchingDc
  }

  /** Puts another handler of errors nobody awaits in place; returns what restores the former one. */
  replaceErrorHandler(make: (former: ErrorHandler | undefined) => ErrorHandler): () => void {
    const former = this.#raw._errorHandler
    this.#raw._errorHandler = make(former)
    return () => {
      this.#raw._errorHandler = former
    }
  }

  /** The senders for media and other data centres; one that is still connecting settles late or never. */
  exportedSenders(): Promise<Sender>[] {
    return [...this.#raw._exportedSenderPromises.values()].map(async (raw) => new Sender(await raw))
  }

  clearReleaseTimers(): void {
    for (const timer of this.#raw._exportedSenderReleaseTimeouts.values()) clearTimeout(timer)
    this.#raw._exportedSenderReleaseTimeouts.clear()
  }

  /**
   * Hands everything that the server pushes to `handler` instead of to the event handlers; for good. `observe`
   * sees what `invoke` was asked and answered.
   */
  takeUpdates(
    handler: (update: unknown, handOn: () => void) => void,
    observe: (request: unknown, answer: unknown) => void,
  ): void {
    const raw = this.#raw
    takers.set(raw, handler)
    interceptUpdates()
    if (raw._sender) raw._sender._updateCallback = updates._handleUpdate
    const original = raw.invoke.bind(raw)
    raw.invoke = async (request, ...rest) => {
      const answer = await original(request, ...rest)
      observe(request, answer)
      return answer
    }
  }

  /** What GramJS does first with what the server pushes: both know the peers from then on. */
  learnPeers(update: unknown): void {
    this.#raw._entityCache.add(update)
  }

  /** Nothing is left to be asked of Telegram before the event handlers can be called. */
  get isReadyToDispatch(): boolean {
    return this.#raw._selfInputPeer !== undefined && this.#unresolved().length === 0
  }

  /** Asks what event builders need, so that dispatching one update does not overtake another. */
  async prepareToDispatch(): Promise<void> {
    if (this.#raw._selfInputPeer === undefined) await this.#raw.getMe(true)
    for (const builder of this.#unresolved()) await builder.resolve(this.#raw as unknown as TelegramClient)
  }

  /** Calls the event handlers one after the other; resolves when the last has settled. */
  async dispatch(update: object, others: unknown, entities: Map<string, unknown>): Promise<void> {
    const event = Object.assign(update, { _entities: entities })
    const args = { update: event, others }
    await updates._dispatchUpdate(this.#raw as unknown as TelegramClient, args)
  }

  #unresolved(): RawClient['_eventBuilders'][number][0][] {
    return this.#raw._eventBuilders.map(([builder]) => builder).filter(({ resolved }) => !resolved)
  }

  /** Its loops that reconnect have no off switch: they get connections that never open, and so stand still. */
  refuseToConnect(late: () => Error): void {
    this.#raw.connect = () => Promise.reject(late())
    this.#raw._connection = class extends this.#raw._connection {
      override connect(): Promise<void> {
        return park()
      }
    }
  }
}

/** RSA keys that GramJS takes for Telegram's, by their signed decimal fingerprints. */
export const serverKeys = rsa._serverKeys

type UpdateLoop = (client: TelegramClient) => Promise<void>

/** GramJS starts this loop when a client connects, and offers no option for it. */
export function replaceUpdateLoop(make: (original: UpdateLoop) => UpdateLoop): void {
  Object.assign(updates, { _updateLoop: make(updates._updateLoop) })
}

type UpdateHandler = (client: TelegramClient, update: number | Api.TypeUpdate) => void

const takers = new WeakMap<object, (update: unknown, handOn: () => void) => void>()
let isIntercepting = false

/** GramJS binds this function when a client connects, and offers no other way to see what comes in. */
function interceptUpdates(): void {
  if (isIntercepting) return
  isIntercepting = true
  const original: UpdateHandler = updates._handleUpdate
  const intercept: UpdateHandler = (client, update) => {
    const take = takers.get(client)
    if (take) take(update, () => original(client, update))
    else original(client, update)
  }
  Object.assign(updates, { _handleUpdate: intercept })
}

/** 1 connected, −1 disconnected, 0 broken; undefined for what is no news of the connection. */
export function connectionState(update: unknown): number | undefined {
  return update instanceof UpdateConnectionState ? update.state : undefined
}

/** The socket under a connection; undefined before the first `connect()`, and always for a WebSocket. */
export function rawSocket(connection: Connection): Socket | undefined {
  const { client } = connection.socket as unknown as { client?: Socket | { destroy?: unknown } }
  return client && typeof client.destroy === 'function' ? (client as Socket) : undefined
}

/** Closes a socket and waits until it is closed; one that never opened counts as closed. */
export async function hangUp(socket: Socket | undefined): Promise<void> {
  if (!socket || socket.closed) return
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  socket.destroy()
  await closed
}

/** For a loop that has no off switch: waiting on this keeps neither a socket nor a timer nor the process. */
export function park(): Promise<never> {
  return new Promise<never>(() => undefined)
}
