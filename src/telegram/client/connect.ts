import { systemClock, withDeadline } from '../../base/clock.ts'
import { safeCause, TgsessionError, UnreachableError } from '../../base/errors.ts'
import { ANY_MS, checkNumbers } from '../../base/number-option.ts'
import { DEFAULT_TIMEOUT_MS, unlessKeyGone } from './call.ts'
import type { DeadlineOptions } from './call.ts'
import { asTelegramError, rpcError } from './classify.ts'
import { disconnectClient } from './disconnect.ts'
import { Internals } from './internals.ts'
import type { AnyClient } from './internals.ts'
import { pingFirst } from './keepalive.ts'
import { connectionFailed } from './watch-key.ts'

/**
 * Connects, or fails for good: a client's own `connect()` may resolve false or never settle, and later calls then hang.
 * After a failure the client is disconnected as by `disconnectClient`; make a new one for the next try.
 * @throws UnreachableError telegram.unreachable: no connection, or none within `timeoutMs`
 * @throws UnreachableError telegram.untrusted: the server did not prove to own a known RSA key
 * @throws RefusedError telegram.key_revoked, telegram.key_duplicated, telegram.flood_wait, telegram.refused
 * @throws `signal.reason` once the signal fires
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
 * await connectClient(client, { timeoutMs: 10_000 })
 * await disconnectClient(client)
 * ```
 */
export async function connectClient(client: AnyClient, options: DeadlineOptions = {}): Promise<void> {
  try {
    await connectOrThrow(client, options)
  } catch (error) {
    await connectionFailed(client, error)
    options.signal?.throwIfAborted()
    throw asTelegramError(error)
  }
}

/** As `connectClient`, but throws what Telegram said as the client words it, for `classify`. */
export async function connectOrThrow(client: AnyClient, options: DeadlineOptions): Promise<void> {
  await connectBy(client, () => client.connect(), options)
}

/** The same to another data centre, where the client has another key. */
export async function moveToOrThrow(
  client: AnyClient,
  dcId: number,
  options: DeadlineOptions,
): Promise<void> {
  await connectBy(client, () => new Internals(client).switchDc(dcId), options)
}

async function connectBy(
  client: AnyClient,
  connect: () => Promise<boolean>,
  options: DeadlineOptions,
): Promise<void> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, clock = systemClock, signal } = options
  checkNumbers({ timeoutMs: [timeoutMs, ANY_MS] })
  let last: unknown
  pingFirst(client)
  const restoreErrorHandler = new Internals(client).replaceErrorHandler((former) => async (error) => {
    last = error
    await former?.(error)
  })
  /** GramJS reports failed attempts one by one and then returns false; teleproto throws the last one's error. */
  const tryToConnect = async (): Promise<boolean> => {
    try {
      return await connect()
    } catch (error) {
      if (rpcError(error) || error instanceof TgsessionError) throw error
      last = error
      return false
    }
  }
  try {
    const connected = await withDeadline(
      clock,
      timeoutMs,
      () => unreachable(client, `no connection within ${timeoutMs / 1000} s`, last),
      () => unlessKeyGone(client, tryToConnect()),
      signal,
    )
    if (!connected) throw unreachable(client, 'every attempt to connect failed', last)
  } catch (error) {
    await disconnectClient(client)
    throw error
  } finally {
    restoreErrorHandler()
  }
}

function unreachable(client: AnyClient, what: string, last: unknown): UnreachableError {
  const where = addressOf(client)
  const details = last === undefined ? {} : { cause: safeCause(last) }
  if (last instanceof Error && last.constructor.name === 'SecurityError')
    return new UnreachableError('telegram.untrusted', `${where} did not prove that it is Telegram.`, {
      ...details,
      hint: 'Something stands between you and Telegram; or it is a test server whose public key was not given.',
    })
  const reason = last instanceof Error && 'code' in last ? ` (${String(last.code)})` : ''
  return new UnreachableError('telegram.unreachable', `${where} cannot be reached: ${what}${reason}.`, {
    ...details,
    hint: 'Check the network and try again. Some hosts and countries block Telegram; the session is intact.',
  })
}

/** A session that could not even be loaded has no address, and says so by throwing. */
function addressOf(client: AnyClient): string {
  try {
    return `Telegram at ${client.session.serverAddress}:${client.session.port}`
  } catch {
    return 'Telegram'
  }
}
