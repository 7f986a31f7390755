import type { Socket } from 'node:net'
import { concat } from './bytes.ts'
import { decryptMessage, encryptMessage } from './crypto/message-cipher.ts'
import { ProtocolError } from './errors.ts'
import { receiveMessage } from './inbox.ts'
import { KeyExchange } from './key-exchange.ts'
import { pack } from './session/pack.ts'
import type { Outgoing } from './session/session.ts'
import type { Incoming } from './session/unpack.ts'
import { TlReader } from './tl/reader.ts'
import { ANY_LAYER, CODEC } from './tl/schemas.ts'
import { TlWriter } from './tl/writer.ts'
import { Transport } from './transport/transport.ts'
import type { Carrier, ClientSession, Key, World } from './world/world.ts'

/** The transport error for an auth key that the server does not know. */
const UNKNOWN_KEY = -404
/** What setTimeout can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1
/** Bounds of the padding of an encrypted message (core.telegram.org/mtproto/description). */
const PADDING = { least: 12, most: 1024 }

/** One TCP connection: bytes in, packets decrypted, messages to the inbox, answers back. */
export class Connection implements Carrier {
  readonly id: number
  readonly #world: World
  readonly #socket: Socket
  readonly #transport: Transport
  readonly #keyExchange: KeyExchange
  readonly #queues = new Map<ClientSession, { key: Key; messages: Outgoing[] }>()
  #key: Key | null = null
  #session: ClientSession | null = null
  #isOpen = true
  #disconnectTimer: NodeJS.Timeout | undefined

  constructor(id: number, socket: Socket, world: World) {
    this.id = id
    this.#world = world
    this.#socket = socket
    this.#transport = new Transport(world.randomBytes)
    this.#keyExchange = new KeyExchange({
      serverKey: world.serverKey,
      dcId: world.dcId,
      now: world.now,
      randomBytes: world.randomBytes,
      register: (bytes, salt, expiresIn) => world.addKey(bytes, salt, id, expiresIn),
    })
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('end', () => this.close())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  uses(keyId: string): boolean {
    return this.#key?.id === keyId
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#disconnectTimer)
    this.#socket.destroy()
    this.#world.emit('disconnect', this.id, this.#names())
  }

  /** Closes the connection unless it is called again within that time (ping_delay_disconnect). */
  closeAfter(seconds: number): void {
    clearTimeout(this.#disconnectTimer)
    const delay = Math.min(Math.max(0, seconds * 1000), LONGEST_TIMER)
    this.#disconnectTimer = setTimeout(() => this.close(), delay).unref()
  }

  /** Queues a message; what comes in the same turn goes out together. */
  deliver(key: Key, session: ClientSession, message: Outgoing): void {
    if (this.#queues.size === 0) setImmediate(() => this.#flush())
    const queue = this.#queues.get(session) ?? { key, messages: [] }
    queue.messages.push(message)
    this.#queues.set(session, queue)
  }

  #flush(): void {
    const queues = [...this.#queues]
    this.#queues.clear()
    for (const [session, { key, messages }] of queues) {
      for (const message of pack(messages, session, this.#world.messageIds)) {
        const head = new TlWriter().long(key.salts.current(this.#world.seconds)).long(session.id).finish()
        this.#send(
          encryptMessage(key.bytes, key.idBytes, concat(head, message), 'server', this.#world.randomBytes),
        )
      }
    }
  }

  #send(packet: Buffer): void {
    const framed = this.#isOpen ? this.#transport.frame(packet) : null
    if (framed) this.#socket.write(framed)
  }

  #receive(chunk: Buffer): void {
    if (!this.#isOpen) return
    try {
      for (const packet of this.#transport.receive(chunk)) this.#packet(packet)
    } catch (error) {
      this.#giveUp(error)
    }
  }

  /** A client that breaks the protocol loses its connection; anything else is a bug of ours and must be seen. */
  #giveUp(error: unknown): void {
    this.close()
    if (!(error instanceof ProtocolError)) throw error
  }

  #packet(packet: Buffer): void {
    if (!this.#isOpen) return
    if (packet.length < 20) throw new ProtocolError('a packet is too short')
    const error = this.#world.transportFaults.shift()
    if (error !== undefined) return this.#refuse(error)
    if (packet.readBigUInt64LE() === 0n) this.#plain(packet)
    else this.#encrypted(packet)
  }

  /** A transport error: four bytes instead of a packet, and the end. */
  #refuse(error: number): void {
    this.#send(new TlWriter().int(error).finish())
    this.#socket.end()
  }

  #plain(packet: Buffer): void {
    const reader = new TlReader(packet.subarray(16))
    const answer = CODEC.encode(
      this.#keyExchange.answer(CODEC.decodeWhole(reader.raw(reader.int()))),
      ANY_LAYER,
    )
    const id = this.#world.messageIds.next(true)
    this.#send(new TlWriter().long(0n).long(id).int(answer.length).raw(answer).finish())
  }

  #encrypted(packet: Buffer): void {
    const key = this.#world.keys.get(packet.subarray(0, 8).toString('hex'))
    if (!key || key.isForgotten || key.hasExpired(this.#world.seconds)) return this.#refuse(UNKNOWN_KEY)
    const { salt, sessionId, message } = parsePlain(decryptMessage(key.bytes, packet, 'client'))
    const session = key.session(sessionId)
    this.#key = key
    this.#session = session
    key.peers.add(this)
    receiveMessage({ world: this.#world, connection: this, key, session }, salt, message).catch(
      (error: unknown) => this.#giveUp(error),
    )
  }

  #names(): { keyId?: string; sessionId?: string } {
    return {
      ...(this.#key && { keyId: this.#key.id }),
      ...(this.#session && { sessionId: this.#session.name }),
    }
  }
}

function parsePlain(plain: Buffer): { salt: bigint; sessionId: bigint; message: Incoming } {
  const reader = new TlReader(plain)
  const salt = reader.long()
  const sessionId = reader.long()
  const messageId = reader.long()
  const seqNo = reader.int()
  const body = reader.raw(reader.int())
  if (body.length % 4 !== 0 || reader.left < PADDING.least || reader.left > PADDING.most)
    throw new ProtocolError('an encrypted message has a bad length')
  return { salt, sessionId, message: { messageId, seqNo, body } }
}
