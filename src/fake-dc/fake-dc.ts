import { randomBytes as nodeRandomBytes } from 'node:crypto'
import { type Server, type Socket, createServer } from 'node:net'
import { Connection } from './connection.ts'
import { ServerKey } from './crypto/rsa.ts'
import { FakeDcError } from './errors.ts'
import type { FakeDcOptions, FakeDcCounts, FakePerson, Standing } from './options.ts'
import { newPostUpdates, tooLongUpdate } from './rpc/channels.ts'
import { newMessageUpdates } from './rpc/entities.ts'
import { acceptToken } from './rpc/qr.ts'
import { Accounts } from './world/accounts.ts'
import { Channel } from './world/channel.ts'
import { type Key, World } from './world/world.ts'

export type {
  FakeAccount,
  FakeBot,
  FakeChannel,
  FakeDcEvent,
  FakeDcKeyState,
  FakeDcKeyStats,
  FakeDcOptions,
  FakeDcCounts,
  FakePerson,
  Standing,
} from './options.ts'
export { FakeDcError } from './errors.ts'

/**
 * A Telegram data centre on loopback: real MTProto 2.0 for real clients, for rehearsals and tests. It knows its
 * own accounts and their Saved Messages, counts what happens, and fails on demand. All in memory.
 *
 * @experimental
 * @example
 * ```ts
 * import { logIn } from 'tgsession'
 * import { FakeDc } from 'tgsession/testing'
 *
 * await using dc = await FakeDc.start({ accounts: [{ phone: '+15550001234', code: '24680' }] })
 * const { host, port, publicKeyPem } = dc
 * const asker = {
 *   phone: async () => '+15550001234',
 *   code: async () => '24680',
 *   password: async () => '',
 * }
 * const attempts = { begin: async () => {}, blocked: async () => {} }
 * const application = { apiId: 12345, apiHash: '0123456789abcdef0123456789abcdef' }
 * const { user } = await logIn({ kind: 'user', asker }, { ...application, attempts, dc: { host, port, publicKeyPem } })
 * console.log(user.id, dc.stats().logins) // 1000001 1
 * ```
 */
export class FakeDc {
  /** Where it listens. */
  readonly host: string
  /** Where it listens. */
  readonly port: number
  /** Which data centre it is. */
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

  /** What has happened so far. */
  stats(): FakeDcCounts {
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
   * it forwards a message of that person, and the clients learn who that is.
   * @returns the id of the message
   * @throws FakeDcError for an unknown account
   */
  sendMessage(userId: bigint, text: string, from?: FakePerson): number {
    const account = this.#world.accounts.byId(userId)
    const message = account.addMessage(text, this.#world.seconds)
    this.#world.emit('message', 0)
    this.#world.publish(account, newMessageUpdates(account, message, { from }))
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

  /** The next `times` updates, counted by accounts, get lost on their way; what they tell of has happened all the same. */
  loseUpdates(times = 1): void {
    this.#world.losses = times
  }

  /** Saved Messages of the account, oldest first. @throws FakeDcError for an unknown account */
  messages(userId: bigint): { id: number; text: string; date: number }[] {
    return this.#world.accounts.byId(userId).messages.map(({ id, text, date }) => ({ id, text, date }))
  }

  /**
   * As if a device of the account had scanned the QR code; the code may be of a data centre that this one knows.
   * @throws FakeDcError for an unknown account
   * @throws RpcError when the token is not valid now
   */
  acceptLoginToken(token: Uint8Array, userId: bigint): void {
    acceptToken(this.#world, token, this.#world.accounts.byId(userId))
  }

  /**
   * The two data centres know each other from now on: clients learn where the other one is, are sent there when the
   * account lives there (303 PHONE_MIGRATE_4, auth.loginTokenMigrateTo), and may carry a login there.
   */
  introduce(other: FakeDc): void {
    this.#world.neighbours.set(other.dcId, other.#world)
    other.#world.neighbours.set(this.dcId, this.#world)
  }

  /** Freezes, bans or deletes the account, or makes it good again. @throws FakeDcError for an unknown account */
  setStanding(userId: bigint, standing: Standing): void {
    this.#world.accounts.byId(userId).standing = standing
  }

  /**
   * As if the login of that key lay so much further back, and had not been used since: of age for
   * account.resetAuthorization after 24 hours, ended after the account's authorization_ttl_days.
   * @throws FakeDcError for an unknown key, or one that is not logged in
   */
  backdate(keyId: string, seconds: number): void {
    const { authorization } = this.#key(keyId).login
    if (!authorization) throw new FakeDcError('not-logged-in', `the key ${keyId} is not logged in`)
    authorization.createdAt -= seconds
    authorization.activeAt -= seconds
  }

  /**
   * The next `times` packets are answered with that transport error, and the connection is closed: -429 for too
   * many connections, -444 for a wrong data centre.
   */
  failTransport(code: -404 | -429 | -444, times = 1): void {
    this.#world.transportFaults.push(...Array.from({ length: times }, () => code))
  }

  /** The server does not know the key any more: transport error -404. @throws FakeDcError */
  forgetKey(keyId: string): void {
    this.#key(keyId).isForgotten = true
  }

  /** As if the user had ended the session on another device: 401 SESSION_REVOKED. @throws FakeDcError */
  revoke(keyId: string): void {
    this.#key(keyId).login.end('revoked')
  }

  /** Closes all connections, or those of one key. */
  killConnections(keyId?: string): void {
    for (const connection of this.#connections)
      if (keyId === undefined || connection.uses(keyId)) connection.close()
  }

  /** Closes all connections and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    this.killConnections()
    await closed
  }

  /** As `close()`, for `await using`. */
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
