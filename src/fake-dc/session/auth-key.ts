import { sha1 } from '../bytes.ts'
import type { FakeDcKeyStats } from '../options.ts'
import type { ClientInfo } from '../world/authorization.ts'
import { Login } from './login.ts'
import { Salts } from './salts.ts'
import { type Peer, Session } from './session.ts'

/** Gives sockets that have ended time to be noticed: the events of one poll come in any order. */
const nextPoll = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** One auth key and its one login. */
export class AuthKey<P extends Peer = Peer> {
  readonly bytes: Buffer
  readonly idBytes: Buffer
  readonly id: string
  readonly salts: Salts
  readonly sessions = new Map<bigint, Session<P>>()
  /** Connections that ever used the key. */
  readonly peers = new Set<P>()
  login = new Login()
  /** Of a temporary key, in seconds since 1970. */
  readonly expiresAt: number | null
  /** What a temporary key is bound to, and what is bound to a permanent one. */
  #permanent: AuthKey<P> | null = null
  readonly #temporary = new Set<AuthKey<P>>()
  /** Of the newest initConnection in any session. */
  client: ClientInfo | null = null
  /** Of the newest invokeWithLayer in any session. */
  layer: number | null = null
  isForgotten = false
  requests = 0
  duplicates = 0
  refused = 0

  constructor(bytes: Buffer, firstSalt: bigint, now: number, expiresAt: number | null = null) {
    this.expiresAt = expiresAt
    this.bytes = bytes
    this.idBytes = sha1(bytes).subarray(-8)
    this.id = this.idBytes.toString('hex')
    this.salts = new Salts(bytes, firstSalt, now)
  }

  session(id: bigint): Session<P> {
    const session = this.sessions.get(id) ?? new Session<P>(id)
    this.sessions.set(id, session)
    return session
  }

  hasExpired(now: number): boolean {
    return this.expiresAt !== null && now >= this.expiresAt
  }

  /** A temporary key that nothing may be asked with yet. */
  get isUnbound(): boolean {
    return this.expiresAt !== null && !this.#permanent
  }

  bindTo(permanent: AuthKey<P>): void {
    this.login = permanent.login
    this.#permanent = permanent
    permanent.#temporary.add(this)
  }

  /**
   * Whether another client instance, with a connection still open, has sent requests with this key too.
   * A closed socket never counts, so before the verdict its end gets time to arrive.
   */
  async hasRival(session: Session<P>): Promise<boolean> {
    for (let poll = 0; poll < 3; poll++) {
      if (!this.#allSessions().some((other) => other !== session && other.openPeer)) return false
      await nextPoll()
    }
    return true
  }

  /** Those of the keys that share the login too. */
  #allSessions(): Session<P>[] {
    const permanent = this.#permanent ?? this
    return [permanent, ...permanent.#temporary].flatMap((key) => [...key.sessions.values()])
  }

  killAsDuplicated(): boolean {
    if (!this.login.killAsDuplicated()) return false
    this.duplicates = 1
    return true
  }

  stats(): FakeDcKeyStats {
    return {
      keyId: this.id,
      userId: this.login.account?.userId ?? null,
      state: this.login.state,
      connections: this.peers.size,
      open: [...this.peers].filter((peer) => peer.isOpen).length,
      requests: this.requests,
      duplicates: this.duplicates,
      refused: this.refused,
    }
  }
}
