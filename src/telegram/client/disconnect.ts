import { setImmediate as immediate } from 'node:timers/promises'
import { systemClock, withDeadline } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { UnreachableError } from '../../base/errors.ts'
import { ANY_MS, checkNumbers } from '../../base/number-option.ts'
import { Internals } from './internals.ts'
import type { AnyClient, Sender } from './internals.ts'
import { lineOf } from './line.ts'

const closing = new WeakMap<AnyClient, Promise<void>>()

/** How long disconnecting may take. */
export interface DisconnectOptions {
  /** Milliseconds. Default: 5 000. */
  timeoutMs?: number | undefined
  /** @internal */
  clock?: Clock | undefined
}

/**
 * Ends a client for good: every socket is closed when this resolves, nothing reconnects, no timer holds the process.
 * Requests under way never settle; a later `connect()` rejects. A second call returns the first one's promise. A client
 * that was not made with `clientOptions` is closed as far as its senders can be reached, and may leave GramJS's
 * ping timer for up to ten seconds.
 * @throws UnreachableError telegram.not_closed: a socket did not close within `timeoutMs`
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'telegram'
 * import { clientOptions, connectClient, disconnectClient, SQLiteSession } from 'tgsession/gramjs'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const session = new SQLiteSession('anon')
 * const options = clientOptions(session)
 * const client = new TelegramClient(session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 *
 * await connectClient(client)
 * await disconnectClient(client, { timeoutMs: 2_000 })
 * await session.close()
 * ```
 */
export function disconnectClient(client: AnyClient, options: DisconnectOptions = {}): Promise<void> {
  const { timeoutMs = 5_000, clock = systemClock } = options
  const known = closing.get(client)
  if (known) return known
  try {
    checkNumbers({ timeoutMs: [timeoutMs, ANY_MS] })
  } catch (error) {
    return Promise.reject(error)
  }
  const done = withDeadline(
    clock,
    timeoutMs,
    () =>
      new UnreachableError('telegram.not_closed', 'The connection to Telegram did not close.', {
        hint: 'End this process before another one uses the session.',
      }),
    () => close(client),
  )
  closing.set(client, done)
  return done
}

async function close(client: AnyClient): Promise<void> {
  const inner = new Internals(client)
  const exported = inner.exportedSenders()
  const line = lineOf(client)
  inner.clearReleaseTimers()
  inner.refuseToConnect(disconnectedForGood)
  await Promise.all([line?.close(), inner.sender?.disconnectForGood(), ...exported.map(disconnectIfThere)])
  await client.destroy()
}

/** A sender that is still connecting is not waited for: its connections never open any more. */
async function disconnectIfThere(sender: Promise<Sender>): Promise<void> {
  const there = sender.then(
    (known) => known.disconnectForGood(),
    () => undefined,
  )
  await Promise.race([there, immediate()])
}

function disconnectedForGood(): UnreachableError {
  return new UnreachableError('telegram.closed', 'This client was disconnected for good.', {
    hint: 'Make a new TelegramClient to connect again.',
  })
}
