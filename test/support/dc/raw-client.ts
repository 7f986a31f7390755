import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { decryptMessage, encryptMessage } from '../../../src/fake-dc/crypto/message-cipher.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { unpack } from '../../../src/fake-dc/session/unpack.ts'
import { TlReader } from '../../../src/fake-dc/tl/reader.ts'
import { CODEC } from '../../../src/fake-dc/tl/schemas.ts'
import type { TlObject } from '../../../src/fake-dc/tl/value.ts'
import { keyIdOf } from './fingerprint.ts'
import { TlWriter } from '../../../src/fake-dc/tl/writer.ts'

export interface RawMessage {
  messageId?: bigint
  seqNo?: number
  salt?: bigint
  body: Buffer
}

/** A client that can misbehave: it speaks the intermediate transport and sends whatever it is told. */
export class RawClient {
  readonly sessionId = randomBytes(8).readBigInt64LE()
  readonly #socket: Socket
  readonly #key: Buffer
  readonly #closed: Promise<unknown>
  #buffer = Buffer.alloc(0)
  #packets: Buffer[] = []
  #wake: (() => void) | null = null
  #lastId = 0n
  salt = 0n

  private constructor(socket: Socket, key: Buffer) {
    this.#socket = socket
    this.#key = key
    // Not `once` of node:events, which would reject where the server has reset the connection.
    this.#closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('close', () => this.#wake?.())
  }

  static async connect(dc: FakeDc, key: Buffer = Buffer.alloc(256)): Promise<RawClient> {
    const socket = connect(dc.port, dc.host)
    await once(socket, 'connect')
    socket.write(Buffer.of(0xee, 0xee, 0xee, 0xee))
    return new RawClient(socket, key)
  }

  get closed(): Promise<unknown> {
    return this.#closed
  }

  close(): void {
    this.#socket.destroy()
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  sendPacket(packet: Buffer): void {
    this.#socket.write(new TlWriter().int(packet.length).raw(packet).finish())
  }

  /** One unencrypted request; null when the server closes the connection instead of answering. */
  async plain(request: TlObject): Promise<TlObject | null> {
    const body = CODEC.encode(request, 0)
    this.sendPacket(new TlWriter().long(0n).long(this.nextId()).int(body.length).raw(body).finish())
    const packet = await this.packet()
    return packet && CODEC.decodeWhole(packet.subarray(20))
  }

  nextId(): bigint {
    const now = BigInt(Math.floor(Date.now() / 1000)) << 32n
    this.#lastId = this.#lastId < now ? now : this.#lastId + 4n
    return this.#lastId
  }

  /** An encrypted packet. Returns it, so that it can be sent again or damaged. */
  seal({ messageId = this.nextId(), seqNo = 1, salt = this.salt, body }: RawMessage): Buffer {
    const plain = new TlWriter()
      .long(salt)
      .long(this.sessionId)
      .long(messageId)
      .int(seqNo)
      .int(body.length)
      .raw(body)
    const keyId = keyIdOf(this.#key)
    return encryptMessage(this.#key, keyId, plain.finish(), 'client', randomBytes)
  }

  send(message: RawMessage): void {
    this.sendPacket(this.seal(message))
  }

  /** The next packet; null once the connection is closed. */
  async packet(): Promise<Buffer | null> {
    while (this.#packets.length === 0) {
      if (this.#socket.destroyed) return null
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#packets.shift() ?? null
  }

  /** The next encrypted packet's messages, results of RPC unpacked into `rpc_result` with `object`. */
  async messages(): Promise<TlObject[] | null> {
    const packet = await this.packet()
    if (!packet) return null
    const reader = new TlReader(decryptMessage(this.#key, packet, 'server'))
    reader.raw(16)
    const messageId = reader.long()
    const seqNo = reader.int()
    const parts = unpack({ messageId, seqNo, body: reader.raw(reader.int()) })
    return parts.map(({ body }) => CODEC.decodeWhole(body))
  }

  /** Waits for a message with that constructor. */
  async expect(name: string): Promise<TlObject> {
    for (;;) {
      const messages = await this.messages()
      if (!messages) throw new Error(`the connection was closed before ${name} came`)
      const found = messages.find((each) => each._ === name)
      if (found) return found
    }
  }

  /** Learns the salt as clients do: by being refused. */
  async learnSalt(): Promise<void> {
    this.send({ body: CODEC.encode({ _: 'ping', ping_id: 1n }, 0) })
    const { new_server_salt: salt } = await this.expect('bad_server_salt')
    if (typeof salt === 'bigint') this.salt = salt
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length >= 4 && this.#buffer.length >= 4 + this.#buffer.readInt32LE()) {
      const end = 4 + this.#buffer.readInt32LE()
      this.#packets.push(Buffer.from(this.#buffer.subarray(4, end)))
      this.#buffer = this.#buffer.subarray(end)
    }
    this.#wake?.()
  }
}
