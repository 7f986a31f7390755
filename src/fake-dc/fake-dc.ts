import { randomBytes as nodeRandomBytes } from 'node:crypto'
import { type Server, type Socket, createServer } from 'node:net'
import { Connection } from './connection.ts'
import { ServerKey } from './crypto/rsa.ts'
import { FakeDcError } from './errors.ts'
import type { FakeDcOptions, FakeDcStats, FakePerson } from './options.ts'
import { newPostUpdates, tooLongUpdate } from './rpc/channels.ts'
import { newMessageUpdates } from './rpc/entities.ts'
import { Accounts } from './world/accounts.ts'
import { Channel } from './world/channel.ts'
import type { Scan } from './world/login-tokens.ts'
import { type Key, World } from './world/world.ts'

export type {
  FakeAccount,
  FakeBot,
  FakeChannel,
  FakeDcEvent,
  FakeDcKeyState,
  FakeDcKeyStats,
  FakeDcOptions,
  FakeDcStats,
  FakePerson,
} from './options.ts'
export { FakeDcError } from './errors.ts'

/**
 * A Telegram data centre on loopback: real MTProto 2.0 for real clients, for rehearsals and tests. It knows its
 * own accounts and their Saved Messages, counts what happens, and fails on demand. All in memory.
 */
export class FakeDc {
  readonly host: string
  readonly port: number
  readonly dcId: number
  /** PKCS#1 PEM: what a client must trust to talk to this data centre. */
  readonly publicKeyPem: string
  readonly #world: World
  readonly #server: Server
  readonly #connections: Set<Connection>

  private constructor(world: World, server: Server, connections: Set<Connection>) {
    this.host = world.host
    this.port = world.port
    this.dcId = world.dcId
    this.publicKeyPem = world.serverKey.publicKeyPem
    this.#world = world
    this.#server = server
    this.#connections = connections
  }

  /** Listens when the promise resolves. @throws FakeDcError for accounts or a key that cannot be */
  static async start(options: FakeDcOptions = {}): Promise<FakeDc> {
    const randomBytes = options.randomBytes ?? nodeRandomBytes
    const now = options.now ?? Date.now
    const createdAt = Math.floor(now() / 1000)
    const world = new World({
      host: options.host ?? '127.0.0.1',
      dcId: options.dcId ?? 2,
      serverKey: new ServerKey(options.privateKey),
      accounts: new Accounts(options.accounts ?? [], options.bots ?? []),
      channels: (options.channels ?? []).map((channel) => new Channel(channel, createdAt)),
      difference: { slice: options.differenceSlice ?? 100, tooLong: options.differenceLimit ?? Infinity },
      now,
      randomBytes: (count) => Buffer.from(randomBytes(count)),
      onEvent: options.onEvent ?? (() => {}),
    })
    const connections = new Set<Connection>()
    const server = createServer((socket) => accept(world, connections, socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port ?? 0, world.host, resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string')
      throw new FakeDcError('no-port', 'the server has no port')
    world.port = address.port
    return new FakeDc(world, server, connections)
  }

  stats(): FakeDcStats {
    const keys = [...this.#world.keys.values()].map((key) => key.stats())
    return {
      logins: this.#world.logins,
      connections: this.#world.connections,
      duplicates: keys.reduce((sum, key) => sum + key.duplicates, 0),
      keys,
    }
  }

  /**
   * The next `times` calls of the method (default 1; Infinity for all, 0 for none) answer with that error.
   * @throws FakeDcError when this server knows no such method
   */
  fail(method: string, error: { code: number; message: string }, times = 1): void {
    this.#world.faults.set(method, error, times)
  }

  /**
   * As if another device of the account wrote to Saved Messages: open sessions get updateNewMessage. With `from`
   * it forwards a message of that person, and the clients learn who he is.
   * @returns the id of the message
   * @throws FakeDcError for an unknown account
   */
  sendMessage(userId: bigint, text: string, from?: FakePerson): number {
    const account = this.#world.accounts.byId(userId)
    const message = account.addMessage(text, this.#world.seconds)
    this.#world.emit('message', 0)
    this.#world.publish(account, newMessageUpdates(account, message, from))
    return message.id
  }

  /** As if the channel's owner wrote: all accounts get updateNewChannelMessage. @throws FakeDcError */
  post(channelId: bigint, text: string): number {
    const channel = this.#channel(channelId)
    const post = channel.addPost(text, this.#world.seconds)
    this.#world.emit('message', 0)
    for (const account of this.#world.accounts.all)
      this.#world.publish(account, newPostUpdates(channel, post))
    return post.id
  }

  /** Tells all accounts that the channel has news, without saying which. @throws FakeDcError */
  hintAt(channelId: bigint): void {
    const update = tooLongUpdate(this.#channel(channelId))
    const updates = { _: 'updateShort', update, date: this.#world.seconds }
    for (const account of this.#world.accounts.all) this.#world.publish(account, updates)
  }

  /** The channel shuts everybody out: 400 CHANNEL_PRIVATE. @throws FakeDcError */
  makePrivate(channelId: bigint): void {
    this.#channel(channelId).isPrivate = true
  }

  /** The next `times` updates get lost on their way; what they tell of has happened all the same. */
  loseUpdates(times = 1): void {
    this.#world.losses = times
  }

  /** Saved Messages of the account, oldest first. @throws FakeDcError for an unknown account */
  messages(userId: bigint): { id: number; text: string; date: number }[] {
    return this.#world.accounts.byId(userId).messages.map(({ id, text, date }) => ({ id, text, date }))
  }

  /** As if a device of the account had scanned the QR code. @throws FakeDcError when the token is not valid now */
  acceptLoginToken(token: Uint8Array, userId: bigint): void {
    this.#scan(token, { account: this.#world.accounts.byId(userId) })
  }

  /**
   * The same by an account of another data centre, which `introduce` has named: the client is sent there.
   * @throws FakeDcError
   */
  acceptLoginTokenAt(home: FakeDc, token: Uint8Array, userId: bigint): void {
    const account = home.#world.accounts.byId(userId)
    this.#scan(token, { dcId: home.dcId, token: home.#world.loginTokens.grant(account) })
  }

  #scan(token: Uint8Array, scan: Scan): void {
    const key = this.#world.loginTokens.accept(token, scan)
    if (!key) throw new FakeDcError('unknown-token', 'no such login token, or it has expired')
    const update = { _: 'updateShort', update: { _: 'updateLoginToken' }, date: this.#world.seconds }
    for (const session of key.sessions.values()) this.#world.push(key, session, update)
  }

  /** Lists another data centre in help.getConfig, for clients that are told to migrate (303 PHONE_MIGRATE_4). */
  introduce({ dcId, host, port }: { dcId: number; host: string; port: number }): void {
    this.#world.otherDcs.set(dcId, { host, port })
  }

  /** The server does not know the key any more: transport error -404. @throws FakeDcError */
  forgetKey(keyId: string): void {
    this.#key(keyId).isForgotten = true
  }

  /** As if the user had ended the session on another device: 401 SESSION_REVOKED. @throws FakeDcError */
  revoke(keyId: string): void {
    const key = this.#key(keyId)
    if (key.state !== 'duplicated') key.state = 'revoked'
  }

  /** Closes all connections, or those of one key. */
  killConnections(keyId?: string): void {
    for (const connection of this.#connections)
      if (keyId === undefined || connection.uses(keyId)) connection.close()
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    this.killConnections()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #channel(channelId: bigint): Channel {
    const channel = this.#world.channels.get(channelId)
    if (!channel) throw new FakeDcError('unknown-channel', `there is no channel ${channelId}`)
    return channel
  }

  #key(keyId: string): Key {
    const key = this.#world.keys.get(keyId)
    if (!key) throw new FakeDcError('unknown-key', `no auth key has the id ${keyId}`)
    return key
  }
}

function accept(world: World, connections: Set<Connection>, socket: Socket): void {
  const connection = new Connection(++world.connections, socket, world)
  connections.add(connection)
  socket.on('close', () => connections.delete(connection))
  world.emit('connect', connection.id)
}
