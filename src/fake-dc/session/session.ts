/** A TCP connection as a session sees it. */
export interface Peer {
  readonly id: number
  readonly isOpen: boolean
}

/** A message for the client; a content-related one must be acknowledged and takes an odd number. */
export interface Outgoing {
  body: Buffer
  isAnswer: boolean
  isContent: boolean
  /** Nothing may follow it in a container: GramJS drops what comes behind an error. */
  isError: boolean
}

const REMEMBERED_IDS = 1000
const REMEMBERED_ANSWERS = 32

/** One client instance on one auth key: what MTProto calls a session, named by a random number of the client. */
export class Session<P extends Peer = Peer> {
  readonly id: bigint
  /** What the client named with invokeWithLayer in this session. */
  layer: number | null = null
  isAnnounced = false
  wantsUpdates = false
  /** The connections over which this session has sent a request. */
  readonly peers = new Set<P>()
  readonly #seen = new Set<bigint>()
  readonly #answers = new Map<bigint, Outgoing>()
  #contentSent = 0

  constructor(id: bigint) {
    this.id = id
  }

  get name(): string {
    return BigInt.asUintN(64, this.id).toString(16).padStart(16, '0')
  }

  /** The newest connection that is open. */
  get openPeer(): P | undefined {
    return [...this.peers].findLast((peer) => peer.isOpen)
  }

  nextSeqNo(isContent: boolean): number {
    return isContent ? 2 * this.#contentSent++ + 1 : 2 * this.#contentSent
  }

  hasSeen(messageId: bigint): boolean {
    return this.#seen.has(messageId)
  }

  /** False when the message was received before. */
  see(messageId: bigint): boolean {
    if (this.#seen.has(messageId)) return false
    this.#seen.add(messageId)
    for (const oldest of this.#seen) {
      if (this.#seen.size <= REMEMBERED_IDS) break
      this.#seen.delete(oldest)
    }
    return true
  }

  rememberAnswer(messageId: bigint, answer: Outgoing): void {
    this.#answers.set(messageId, answer)
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= REMEMBERED_ANSWERS) break
      this.#answers.delete(oldest)
    }
  }

  answerTo(messageId: bigint): Outgoing | undefined {
    return this.#answers.get(messageId)
  }
}
