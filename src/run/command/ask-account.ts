import { Api, TelegramClient } from 'telegram'
import { SQLiteSession } from '../../clients/gramjs/sqlite-session.ts'
import { clientOptions } from '../../clients/gramjs/client-options.ts'
import { toTelethon } from '../../session/convert.ts'
import { callWithDeadline } from '../../telegram/client/call.ts'
import { connectOrThrow } from '../../telegram/client/connect.ts'
import { disconnectClient } from '../../telegram/client/disconnect.ts'
import type { Account } from '../account.ts'
import type { ApiCredentials } from './ask-telegram.ts'

/** Asks Telegram once whose session this is. The caller holds the lease. */
export async function askAccount(
  bytes: Uint8Array,
  { apiId, apiHash }: ApiCredentials,
  signal: AbortSignal,
): Promise<Account> {
  const session = await SQLiteSession.fromBytes(await toTelethon(bytes))
  const options = clientOptions(session, { connectionRetries: 1, log: () => undefined })
  const client = new TelegramClient(session, apiId, apiHash, options)
  try {
    await connectOrThrow(client, { timeoutMs: 10_000, signal })
    const request = new Api.users.GetUsers({ id: [new Api.InputUserSelf()] })
    const [self] = await callWithDeadline(client, request, { timeoutMs: 10_000, signal })
    if (!(self instanceof Api.User)) throw new TypeError('Telegram names no account')
    return { userId: BigInt(self.id.toString()), isBot: self.bot ?? false }
  } finally {
    await disconnectClient(client)
  }
}
