import type { Session } from 'telegram/sessions/Abstract.js'
import type { TelegramClientParams } from 'telegram/client/telegramBaseClient.js'
import { DEVICE } from '../../telegram/client/device.ts'
import { clientLibrary } from './library.ts'
import { pingOurClients } from '../../telegram/client/keepalive.ts'
import { connectionFor } from './connection.ts'
import { type LogSink, logToStderr } from '../../telegram/client/log-sink.ts'
import { QuietLogger } from '../../telegram/client/quiet-logger.ts'

/** What a client of yours does otherwise than `clientOptions` says. */
export interface ClientOptionOverrides extends Omit<TelegramClientParams, 'connection'> {
  /** Where GramJS's warnings and errors go; standard error unless given. `baseLogger` replaces it altogether. */
  log?: LogSink
}

/**
 * What to give to `new TelegramClient(session, apiId, apiHash, clientOptions(session))`: it dials the session's own
 * address and port, shows one stable device in Telegram's list of devices, gives up a connection after a few
 * tries instead of never, keeps quiet, and lets `disconnectClient` close everything. Call it once per client.
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'telegram'
 * import { clientOptions, SQLiteSession } from 'tgsession/gramjs'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const session = new SQLiteSession('anon')
 * const options = clientOptions(session, { deviceModel: 'my bot' })
 * const client = new TelegramClient(session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 * ```
 */
export function clientOptions(session: Session, overrides: ClientOptionOverrides = {}): TelegramClientParams {
  const { log = logToStderr, ...params } = overrides
  pingOurClients(clientLibrary())
  return {
    ...DEVICE,
    connectionRetries: 5,
    retryDelay: 1000,
    baseLogger: new QuietLogger(log),
    ...params,
    connection: connectionFor(session),
  }
}
