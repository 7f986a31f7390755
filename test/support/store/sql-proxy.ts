import net from 'node:net'

/**
 * - `cut`: the statement never reaches the server, and the connection is lost.
 * - `cut answer`: the server does what it is told, and the connection is lost before it can say so.
 * - `cut middle`: the connection is lost in the middle of a long answer.
 * - `swallow`: the statement never reaches the server, and nobody says anything.
 * - `swallow answer`: the server does what it is told, and nobody says anything.
 */
export type Mishap = 'cut' | 'cut answer' | 'cut middle' | 'swallow' | 'swallow answer'

/** Told what a client sends, before the server is; what it gives is called before the client gets the answer. */
type OnSent = (data: Buffer) => (() => void) | undefined

/** Of an answer so much passes before it is cut in the middle. */
const MIDDLE_BYTES = 256 * 1024

/** A network between a client and a service, which does what one told it to what holds a certain text. */
export class SqlProxy {
  readonly #server = net.createServer((client) => this.#serve(client))
  readonly #target: { host: string; port: number }
  readonly #sockets = new Set<net.Socket>()
  readonly #onSent: OnSent
  #plan: { text: Buffer; mishap: Mishap; times: number } | undefined
  #silent = false
  #isLost: ((data: Buffer) => boolean) | undefined
  #lost = 0
  #lostEvery = 1
  /** Connections that were made. */
  connections = 0
  /** Mishaps that came about. */
  mishaps = 0

  private constructor(target: { host: string; port: number }, onSent: OnSent) {
    this.#target = target
    this.#onSent = onSent
  }

  static async start(url: string, onSent: OnSent = () => undefined): Promise<SqlProxy> {
    const { hostname, port } = new URL(url)
    const proxy = new SqlProxy({ host: hostname, port: Number(port) }, onSent)
    // A test that fails before it closes this shall not hang as well.
    proxy.#server.unref()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed')
    return address.port
  }

  get open(): number {
    return this.#sockets.size / 2
  }

  plan(text: string, mishap: Mishap, times = 1): void {
    this.#plan = { text: Buffer.from(text), mishap, times }
    this.mishaps = 0
  }

  /** Takes connections, and says nothing to anybody. */
  silence(on: boolean): void {
    this.#silent = on
  }

  /** Of the statements that these words fit the first is swallowed, the third, and so on. */
  lose(fits: ((data: Buffer) => boolean) | undefined, every: number): void {
    this.#isLost = fits
    this.#lostEvery = every
    this.#lost = 0
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cutAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: net.Socket): void {
    this.connections += 1
    const server = net.connect(this.#target)
    const both = [client, server]
    let mishap: Mishap | undefined
    const cut = (): void => both.forEach((socket) => socket.destroy())
    for (const socket of both) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        cut()
      })
    }
    let onAnswer: (() => void) | undefined
    client.on('data', (data) => {
      onAnswer = this.#onSent(data) ?? onAnswer
      mishap ??= this.#strike(data)
      if (mishap === 'cut') cut()
      else if (mishap !== 'swallow' && !this.#silent) server.write(data)
    })
    let answered = 0
    server.on('data', (data) => {
      onAnswer?.()
      onAnswer = undefined
      answered += mishap === undefined ? 0 : data.length
      if (mishap === 'cut answer' || (mishap === 'cut middle' && answered > MIDDLE_BYTES)) cut()
      else if (mishap !== 'swallow answer' && !this.#silent) client.write(data)
    })
  }

  #strike(data: Buffer): Mishap | undefined {
    if (this.#isLost?.(data) && this.#lost++ % this.#lostEvery === 0) return 'swallow'
    const plan = this.#plan
    if (plan === undefined || this.mishaps >= plan.times || !data.includes(plan.text)) return undefined
    this.mishaps += 1
    return plan.mishap
  }
}
