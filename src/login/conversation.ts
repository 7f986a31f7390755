import type { Api, TelegramClient } from 'telegram'
import { type Clock, unlessAborted } from '../clock.ts'
import { callWithDeadline } from '../telegram/call.ts'
import { rpcError } from '../telegram/classify.ts'
import { connectOrThrow } from '../telegram/connect.ts'
import { translate } from './refusals.ts'

export interface Timing {
  clock: Clock
  /** Milliseconds for each call to Telegram; people may take as long as they like. */
  timeoutMs: number
  signal: AbortSignal | undefined
}

/** One login's talk with Telegram: every call has a deadline, and whether a key may be authorised is known. */
export class Conversation {
  readonly #client: TelegramClient
  readonly #timing: Timing
  #mayBeAuthorised = false

  constructor(client: TelegramClient, timing: Timing) {
    this.#client = client
    this.#timing = timing
  }

  /** True from the moment that a request which signs in was sent, unless Telegram refused it. */
  get mayBeAuthorised(): boolean {
    return this.#mayBeAuthorised
  }

  /** For an answer that says so by itself. */
  noteSignedIn(): void {
    this.#mayBeAuthorised = true
  }

  /** Connects; throws as `call` does. */
  async connect(): Promise<void> {
    await this.#inOurWords(connectOrThrow(this.#client, this.#timing))
  }

  /** Throws RPC errors as they are, for the flow to look at, and everything else in our own words. */
  async call<R extends Api.AnyRequest>(request: R): Promise<R['__response']> {
    return await this.#inOurWords(callWithDeadline(this.#client, request, this.#timing))
  }

  async #inOurWords<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#timing.signal?.throwIfAborted()
      throw rpcError(error) ? error : translate(error)
    }
  }

  /** As `call`, for the requests whose success leaves an authorisation behind. */
  async signIn<R extends Api.AnyRequest>(request: R): Promise<R['__response']> {
    this.#mayBeAuthorised = true
    try {
      return await this.call(request)
    } catch (error) {
      if (rpcError(error)) this.#mayBeAuthorised = false
      throw error
    }
  }

  /** The answer of a person, or `signal.reason` as soon as the signal fires. */
  async ask(question: (signal: AbortSignal | undefined) => Promise<string>): Promise<string> {
    const { signal } = this.#timing
    signal?.throwIfAborted()
    return await unlessAborted(question(signal), signal)
  }
}
