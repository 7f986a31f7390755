import type { RandomBytes } from '../bytes.ts'
import type { ServerKey } from '../crypto/rsa.ts'
import type { FakeDcEvent } from '../options.ts'
import { AuthKey } from '../session/auth-key.ts'
import { MessageIds } from '../session/message-ids.ts'
import type { Outgoing, Peer, Session } from '../session/session.ts'
import { CODEC } from '../tl/schemas.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from './account.ts'
import type { Accounts } from './accounts.ts'
import type { Authorization } from './authorization.ts'
import type { Channel } from './channel.ts'
import { Faults } from './faults.ts'
import { FutureAuthTokens } from './future-auth-tokens.ts'
import { LoginCodes } from './login-codes.ts'
import { LoginTokens } from './login-tokens.ts'

/** A connection that can carry a message to its client. */
export interface Carrier extends Peer {
  deliver(key: AuthKey<Carrier>, session: Session<Carrier>, message: Outgoing): void
}

export type Key = AuthKey<Carrier>
export type ClientSession = Session<Carrier>

/** Messages in one answer of a difference, and in all of them before it is too long. */
export interface DifferenceLimits {
  slice: number
  tooLong: number
}

export interface WorldOptions {
  host: string
  dcId: number
  serverKey: ServerKey
  accounts: Accounts
  channels: Channel[]
  difference: DifferenceLimits
  now: () => number
  randomBytes: RandomBytes
  onEvent: (event: FakeDcEvent) => void
}

/** What all connections of the data centre share. */
export class World {
  readonly host: string
  readonly dcId: number
  readonly serverKey: ServerKey
  readonly accounts: Accounts
  readonly channels: ReadonlyMap<bigint, Channel>
  readonly difference: DifferenceLimits
  readonly now: () => number
  readonly randomBytes: RandomBytes
  readonly faults = new Faults()
  readonly loginCodes: LoginCodes
  readonly loginTokens: LoginTokens<Key>
  readonly futureAuthTokens: FutureAuthTokens
  readonly messageIds: MessageIds
  readonly keys = new Map<string, Key>()
  /** Other data centres by their ids. */
  readonly neighbours = new Map<number, World>()
  readonly #onEvent: (event: FakeDcEvent) => void
  readonly startedAt: number
  port = 0
  logins = 0
  /** What the next packets are answered with instead: -404, -429, -444. */
  transportFaults: number[] = []
  /** How many of the next updates get lost on their way. */
  losses = 0
  connections = 0

  constructor(options: WorldOptions) {
    const { host, dcId, serverKey, accounts, now, randomBytes, onEvent } = options
    this.host = host
    this.dcId = dcId
    this.serverKey = serverKey
    this.accounts = accounts
    this.channels = new Map(options.channels.map((channel) => [channel.id, channel]))
    this.difference = options.difference
    this.now = now
    this.randomBytes = randomBytes
    this.messageIds = new MessageIds(now)
    this.loginCodes = new LoginCodes(now, randomBytes)
    this.loginTokens = new LoginTokens(now, randomBytes)
    this.futureAuthTokens = new FutureAuthTokens(randomBytes)
    this.#onEvent = onEvent
    this.startedAt = this.seconds
  }

  /** Unix time in whole seconds, as Telegram counts. */
  get seconds(): number {
    return Math.floor(this.now() / 1000)
  }

  emit(type: FakeDcEvent['type'], connectionId: number, rest: Partial<FakeDcEvent> = {}): void {
    this.#onEvent({ type, at: this.now(), connectionId, ...rest })
  }

  /** False when there is a key of that id. */
  addKey(bytes: Buffer, firstSalt: bigint, connectionId: number, expiresIn: number | null = null): boolean {
    const expiresAt = expiresIn === null ? null : this.seconds + expiresIn
    const key: Key = new AuthKey(bytes, firstSalt, this.seconds, expiresAt)
    if (this.keys.has(key.id)) return false
    this.keys.set(key.id, key)
    this.emit('key', connectionId, { keyId: key.id })
    return true
  }

  /** Keys that are logged in to the account, or have still to give its password. */
  keysOf(account: Account): Key[] {
    const isOf = ({ login }: Key): boolean =>
      login.state === 'authorised' ? login.account === account : login.pending === account
    return [...this.keys.values()].filter((key) => !key.expiresAt && isOf(key))
  }

  /** Ends the login here and wherever it was carried to. */
  end(authorization: Authorization): void {
    for (const world of [this, ...this.neighbours.values()])
      for (const key of world.keys.values())
        if (key.login.authorization === authorization) {
          world.loginTokens.forget(key)
          key.login.end('revoked')
        }
  }

  /** Sends updates to one session, in its layer, when it has an open connection. */
  push(key: Key, session: ClientSession, updates: TlObject): void {
    const body = CODEC.encode(updates, session.layer ?? key.layer ?? 0)
    session.openPeer?.deliver(key, session, { body, isAnswer: false, isContent: true, isError: false })
  }

  /**
   * Sends updates to all open sessions of the account that want them, but not to the one that caused them, nor to a
   * client of an older layer than they need.
   */
  publish(account: Account, updates: TlObject, cause?: ClientSession, fromLayer = 0): void {
    if (this.losses > 0) {
      this.losses--
      return
    }
    for (const key of this.keys.values()) {
      if (key.login.account !== account || key.login.state !== 'authorised') continue
      for (const session of key.sessions.values())
        if (session !== cause && session.wantsUpdates && (session.layer ?? key.layer ?? 0) >= fromLayer)
          this.push(key, session, updates)
    }
  }
}
