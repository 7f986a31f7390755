import { sha1 } from '../bytes.ts'
import type { SrpChallenge } from '../crypto/srp.ts'
import type { FakeDcKeyState, FakeDcKeyStats } from '../options.ts'
import type { Account } from '../world/account.ts'
import { Salts } from './salts.ts'
import { type Peer, Session } from './session.ts'

/** Lets the sockets that ended in the meantime be noticed: what node learnt in one poll is told in any order. */
const nextPoll = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** One auth key and its one authorisation. */
export class AuthKey<P extends Peer = Peer> {
  readonly bytes: Buffer
  readonly idBytes: Buffer
  readonly id: string
  readonly salts: Salts
  readonly sessions = new Map<bigint, Session<P>>()
  /** Connections that ever used the key. */
  readonly peers = new Set<P>()
  state: FakeDcKeyState = 'fresh'
  account: Account | null = null
  /** Has given the right code or QR token, but not yet the password. */
  pending: Account | null = null
  challenge: SrpChallenge | null = null
  /** Of the newest invokeWithLayer in any session. */
  layer: number | null = null
  isForgotten = false
  requests = 0
  duplicates = 0
  refused = 0

  constructor(bytes: Buffer, firstSalt: bigint, now: number) {
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

  /**
   * Whether another client instance, with a connection still open, has sent requests with this key too.
   * A closed socket never counts, so before the verdict its end gets time to arrive.
   */
  async hasRival(session: Session<P>): Promise<boolean> {
    for (let poll = 0; poll < 3; poll++) {
      if (![...this.sessions.values()].some((other) => other !== session && other.openPeer)) return false
      await nextPoll()
    }
    return true
  }

  authorise(account: Account): void {
    this.account = account
    this.pending = null
    this.challenge = null
    this.state = 'authorised'
  }

  /** The authorisation is dead for ever. False when it was so already. */
  killAsDuplicated(): boolean {
    if (this.state === 'duplicated') return false
    this.state = 'duplicated'
    this.duplicates = 1
    return true
  }

  stats(): FakeDcKeyStats {
    return {
      keyId: this.id,
      userId: this.account?.userId ?? null,
      state: this.state,
      connections: this.peers.size,
      open: [...this.peers].filter((peer) => peer.isOpen).length,
      requests: this.requests,
      duplicates: this.duplicates,
      refused: this.refused,
    }
  }
}
