import type { Api, TelegramClient } from 'telegram'
import { systemClock, withDeadline } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { UnreachableError } from '../../base/errors.ts'
import { ANY_MS, checkNumbers } from '../../base/number-option.ts'
import type { AnyClient } from './internals.ts'
import { lineOf } from './line.ts'

/** How long a call may take. */
export interface DeadlineOptions {
  /** Milliseconds. Default: 30 000. */
  timeoutMs?: number | undefined
  /** @internal */
  clock?: Clock | undefined
  /** Gives up when it fires; its reason is thrown. */
  signal?: AbortSignal | undefined
}

export const DEFAULT_TIMEOUT_MS = 30_000

/**
 * `client.invoke` that always ends. GramJS's own waits forever if the connection could not be made, or when the
 * server does not know the key.
 * @throws what Telegram answers, as GramJS throws it (see `classify`); a TransportError for an unknown key
 * @throws UnreachableError telegram.no_answer after `timeoutMs`
 * @throws `signal.reason` once the signal fires; the request may have been carried out
 */
export async function callWithDeadline<R extends Api.AnyRequest>(
  client: TelegramClient,
  request: R,
  options: DeadlineOptions = {},
): Promise<R['__response']> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, clock = systemClock, signal } = options
  checkNumbers({ timeoutMs: [timeoutMs, ANY_MS] })
  return await withDeadline(
    clock,
    timeoutMs,
    () =>
      new UnreachableError('telegram.no_answer', `Telegram gave no answer within ${timeoutMs / 1000} s.`, {
        hint: 'Check the network and try again; the session is intact.',
      }),
    () => unlessKeyGone(client, client.invoke(request)),
    signal,
  )
}

/** The promise, or a TransportError as soon as the server says that it does not know the key. */
export async function unlessKeyGone<T>(client: AnyClient, work: Promise<T>): Promise<T> {
  const line = lineOf(client)
  return await (line ? Promise.race([work, line.keyGone]) : work)
}
