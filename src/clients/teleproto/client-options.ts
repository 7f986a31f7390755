import type { TelegramClientParams } from 'teleproto/client/telegramBaseClient.js'
import { Logger, LogLevel } from 'teleproto/extensions/Logger.js'
import type { Session } from 'teleproto/sessions/index.js'
import { pingOurClients } from '../../telegram/client/keepalive.ts'
import { DEVICE } from '../../telegram/client/device.ts'
import { connectionFor } from './connection.ts'
import { clientLibrary } from './library.ts'

/** What a client of yours does otherwise than `clientOptions` says. */
export type ClientOptionOverrides = Omit<TelegramClientParams, 'connection'>

/**
 * What to give to `new TelegramClient(session, apiId, apiHash, clientOptions(session))`: it shows one stable device in
 * Telegram's list of devices, lets `disconnectClient` close everything, and has Telegram hang up on a frozen process
 * before another one can take over. Warnings and errors go to the console, as teleproto words them. Call it once per
 * client.
 *
 * @example
 * ```ts
 * import { TelegramClient } from 'teleproto'
 * import { clientOptions, SQLiteSession } from 'tgsession/teleproto'
 *
 * const { TELEGRAM_API_ID, TELEGRAM_API_HASH = '' } = process.env
 * const session = new SQLiteSession('anon')
 * const options = clientOptions(session, { deviceModel: 'my bot' })
 * const client = new TelegramClient(session, Number(TELEGRAM_API_ID), TELEGRAM_API_HASH, options)
 * ```
 */
export function clientOptions(session: Session, overrides: ClientOptionOverrides = {}): TelegramClientParams {
  pingOurClients(clientLibrary())
  return {
    ...DEVICE,
    baseLogger: new Logger(LogLevel.WARN),
    ...overrides,
    connection: connectionFor(session),
  }
}
