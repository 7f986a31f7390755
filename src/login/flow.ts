import { Api, type TelegramClient } from 'telegram'
import { Raw } from 'telegram/events/Raw.js'
import { type Clock, unlessAborted } from '../base/clock.ts'
import { callWithDeadline } from '../telegram/client/call.ts'
import { rpcError } from '../telegram/client/classify.ts'
import { connectOrThrow, moveToOrThrow } from '../telegram/client/connect.ts'
import { translate } from './refusals.ts'

export interface Timing {
  clock: Clock
  /** Milliseconds for each call to Telegram; people may take as long as they like. */
  timeoutMs: number
  signal: AbortSignal | undefined
  during?: (<T>(work: Promise<T>) => Promise<T>) | undefined
}

/** One login's flow with Telegram: every call has a deadline, and whether a key may be authorised is known. */
export class LoginFlow {
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

  /** For what signs in without an answer that says so. */
  noteSignedIn(): void {
    this.#mayBeAuthorised = true
  }

  /** Goes on with another data centre, under another key; throws as `call` does. */
  async moveTo(dcId: number): Promise<void> {
    await this.#inOurWords(moveToOrThrow(this.#client, dcId, this.#timing))
  }

  /** From now on until `stop`; `wait` resolves when Telegram says that a login code was scanned, or after `ms`. */
  watchScan(): { wait(ms: number): Promise<void>; stop(): void } {
    const { clock, signal } = this.#timing
    let scan = new AbortController()
    const updates = new Raw({ types: [Api.UpdateLoginToken] })
    const onScan = (): void => scan.abort()
    this.#client.addEventHandler(onScan, updates)
    return {
      wait: async (ms) => {
        await clock.sleep(ms, signal ? AbortSignal.any([signal, scan.signal]) : scan.signal).catch(() => {
          signal?.throwIfAborted()
        })
        scan = new AbortController()
      },
      stop: () => this.#client.removeEventHandler(onScan, updates),
    }
  }

  /** Connects; throws as `call` does. */
  async connect(): Promise<void> {
    await this.#inOurWords(connectOrThrow(this.#client, this.#timing))
  }

  /** Throws RPC errors as they are, for the flow to look at, and everything else in our own words. */
  async call<R extends Api.AnyRequest>(request: R): Promise<R['__response']> {
    return await this.#inOurWords(callWithDeadline(this.#client, request, this.#timing))
  }

  /** What `call` threw, as we say it. */
  inWords(error: unknown): unknown {
    return rpcError(error) ? translate(error) : error
  }

  async #inOurWords<T>(work: Promise<T>): Promise<T> {
    try {
      const { during } = this.#timing
      return await (during ? during(work) : work)
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
  async ask<T>(question: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const { signal } = this.#timing
    signal?.throwIfAborted()
    return await unlessAborted(question(signal), signal)
  }
}
