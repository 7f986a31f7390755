/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- the names are the client libraries' */
import type { Api, TelegramClient } from 'telegram'
import { hangUp, never, rawSocket } from './sockets.ts'
import type { RawConnection } from './sockets.ts'

/** What is needed of a client: a `TelegramClient` of `telegram` or `teleproto` has it. */
export interface AnyClient {
  /** Where it connects to. */
  readonly session: { readonly dcId: number; readonly serverAddress: string; readonly port: number }
  /** Whether it is connected then. */
  connect(): Promise<boolean>
  /** Disconnects for good. */
  destroy(): Promise<void>
}

/**
 * What GramJS and its fork teleproto have each of their own. The rest of this room serves both: it speaks GramJS's
 * types, tells objects apart by `className`, and makes them with `Api`.
 */
export interface ClientLibrary {
  Api: typeof Api
  UpdateConnectionState: abstract new (...args: never) => { state: number }
  /** The module in which clients look up these functions each time that they need one. */
  updates: {
    _handleUpdate: UpdateHandler
    _dispatchUpdate(client: unknown, args: object): Promise<unknown>
    _updateLoop: UpdateLoop
  }
}

/** A client of either library, for what is spoken in GramJS's types. */
export function asGramJs(client: AnyClient): TelegramClient {
  return client as unknown as TelegramClient
}

/**
 * The parts of GramJS 2.26.22 and teleproto 1.229 that they hide and that connecting, disconnecting and pinging cannot
 * do without. No other file knows their names, so that an upgrade has one place to check.
 */
interface RawSender {
  _connection?: RawConnection
  isReconnecting: boolean
  userDisconnected: boolean
  isConnected(): boolean
  connect(connection: RawConnection, force: boolean): Promise<boolean>
  disconnect(): Promise<void>
  reconnect(): void
  _reconnect(): Promise<void>
  _updateCallback?: UpdateHandler
  send(request: unknown): Promise<unknown>
}

interface RawClient {
  _sender?: RawSender
  _connection: ConnectionClass
  _destroyed: boolean
  _isSwitchingDc: boolean
  _lastRequest?: number
  _errorHandler?: ((error: Error) => Promise<void>) | undefined
  /** GramJS's; teleproto's `destroy()` closes its own. */
  _exportedSenderPromises?: Map<number, Promise<RawSender>>
  _exportedSenderReleaseTimeouts?: Map<number, NodeJS.Timeout>
  _entityCache: { add(value: unknown): void }
  _selfInputPeer?: unknown
  _eventBuilders: [{ resolved: boolean; resolve(client: TelegramClient): Promise<void> }, unknown][]
  connect(): Promise<boolean>
  _switchDC(dcId: number): Promise<boolean>
  getMe(inputPeer: true): Promise<unknown>
  /** teleproto's. */
  updateManager?: { start(): void; ensureState(): Promise<void>; recoverIfStale(): Promise<void> }
  invoke: Invoke
}

interface SendingConnection {
  _send: (this: SendingConnection, data: Buffer) => Promise<void>
}

type ConnectionClass = new (...args: never[]) => RawConnection

type Invoke = (request: unknown, ...rest: unknown[]) => Promise<unknown>

type ErrorHandler = (error: Error) => Promise<void>

/** One connection to one data centre, with the client's machinery that keeps it up. */
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

  /** Whether its client was asked to disconnect. */
  wasDisconnected(): boolean {
    return this.#raw.userDisconnected
  }

  /** The same for one that is down, where GramJS's `reconnect()` does nothing. teleproto retries forever by itself. */
  revive(): void {
    if ('_lifecycle' in this.#raw) return
    this.#raw.isReconnecting = true
    this.#raw._reconnect().catch(() => {
      this.#raw.isReconnecting = false
    })
  }

  /** Disconnects, and never connects again. */
  async disconnectForGood(): Promise<void> {
    this.#raw.connect = never
    const connection = this.#raw._connection
    await this.#raw.disconnect()
    await hangUp(connection && rawSocket(connection))
  }
}

export class Internals {
  readonly #raw: RawClient

  constructor(client: AnyClient) {
    this.#raw = client as unknown as RawClient
  }

  get sender(): Sender | undefined {
    return this.#raw._sender && new Sender(this.#raw._sender)
  }

  get connectionClass(): ConnectionClass {
    return this.#raw._connection
  }

  /** `around` is asked before every packet that this client's class of connections writes. */
  interceptSends(around: (send: () => Promise<void>) => Promise<void>): void {
    const connections = this.#raw._connection.prototype as unknown as SendingConnection
    const original = connections._send
    connections._send = function guarded(data) {
      return around(() => original.call(this, data))
    }
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

  /** The request, as if the client itself had made it. */
  invoke(request: unknown): Promise<unknown> {
    return this.#raw.invoke(request)
  }

  /** What the client's own update loop begins with. */
  async beginUpdates(): Promise<void> {
    this.#raw.updateManager?.start()
    await this.#raw.updateManager?.ensureState()
  }

  /** What it does after each ping. */
  async recoverUpdates(): Promise<void> {
    await this.#raw.updateManager?.recoverIfStale()
  }

  /** Replaces the handler of errors that no caller awaits; returns a function that restores the former one. */
  replaceErrorHandler(make: (former: ErrorHandler | undefined) => ErrorHandler): () => void {
    const former = this.#raw._errorHandler
    this.#raw._errorHandler = make(former)
    return () => {
      this.#raw._errorHandler = former
    }
  }

  /** The senders for media and other data centres; one that is still connecting settles late or never. */
  exportedSenders(): Promise<Sender>[] {
    return [...(this.#raw._exportedSenderPromises?.values() ?? [])].map(async (raw) => new Sender(await raw))
  }

  clearReleaseTimers(): void {
    for (const timer of this.#raw._exportedSenderReleaseTimeouts?.values() ?? []) clearTimeout(timer)
    this.#raw._exportedSenderReleaseTimeouts?.clear()
  }

  /**
   * Hands everything that the server pushes to `handler` instead of to the event handlers; for good. `observe`
   * sees what `invoke` was asked and answered.
   */
  takeUpdates(
    { updates }: ClientLibrary,
    handler: (update: unknown, handOn: () => void) => void,
    observe: (request: unknown, answer: unknown) => void,
  ): void {
    const raw = this.#raw
    takers.set(raw, handler)
    interceptUpdates(updates)
    if (raw._sender) raw._sender._updateCallback = updates._handleUpdate
    const original = raw.invoke.bind(raw)
    raw.invoke = async (request, ...rest) => {
      const answer = await original(request, ...rest)
      observe(request, answer)
      return answer
    }
  }

  /** What a client does first with what the server pushes: both know the peers from then on. */
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
  async dispatch(
    { updates }: ClientLibrary,
    update: object,
    others: unknown,
    entities: Map<string, unknown>,
  ): Promise<void> {
    const event = Object.assign(update, { _entities: entities })
    await updates._dispatchUpdate(this.#raw, { update: event, others })
  }

  #unresolved(): RawClient['_eventBuilders'][number][0][] {
    return this.#raw._eventBuilders.map(([builder]) => builder).filter(({ resolved }) => !resolved)
  }

  /** Its loops that reconnect have no off switch: they get connections that never open, and so do nothing. */
  refuseToConnect(late: () => Error): void {
    this.#raw.connect = () => Promise.reject(late())
    this.#raw._connection = class extends this.#raw._connection {
      override connect(): Promise<void> {
        return never()
      }
    }
  }
}

type UpdateLoop = (client: never) => Promise<void>
type UpdateHandler = (client: never, update: never) => void

/** A client starts this loop when it connects, and offers no option for it. */
export function replaceUpdateLoop(
  { updates }: ClientLibrary,
  make: (original: UpdateLoop) => UpdateLoop,
): void {
  Object.assign(updates, { _updateLoop: make(updates._updateLoop) })
}

const takers = new WeakMap<object, (update: unknown, handOn: () => void) => void>()
const intercepted = new WeakSet<object>()

/** A client binds this function when it connects, and offers no other way to see what comes in. */
function interceptUpdates(updates: ClientLibrary['updates']): void {
  if (intercepted.has(updates)) return
  intercepted.add(updates)
  const original = updates._handleUpdate
  const intercept: UpdateHandler = (client, update) => {
    const take = takers.get(client)
    if (take) take(update, () => original(client, update))
    else original(client, update)
  }
  Object.assign(updates, { _handleUpdate: intercept })
}

/** 1 connected, −1 disconnected, 0 broken; undefined for what is no news of the connection. */
export function connectionState(
  { UpdateConnectionState }: ClientLibrary,
  update: unknown,
): number | undefined {
  return update instanceof UpdateConnectionState ? update.state : undefined
}

/** The data centre that a connection of teleproto goes to. */
export function dcIdOf(connection: object): number | undefined {
  return (connection as { _dcId?: number })._dcId
}
