import { TelegramClient } from 'telegram'
import { SQLiteSession } from '../../clients/gramjs/sqlite-session.ts'
import { toTelethon } from '../../session/convert.ts'
import { clientOptions } from '../../clients/gramjs/client-options.ts'
import { disconnectClient } from '../../telegram/client/disconnect.ts'
import { askKeyState, type KeyState } from '../../telegram/client/key-state.ts'

/** What Telegram gave the application: needed to ask it anything. */
export interface ApiCredentials {
  apiId: number
  apiHash: string
}

/** Asks Telegram once whether it still takes this session's key. The caller holds the lease. */
export async function askTelegram(
  bytes: Uint8Array,
  { apiId, apiHash }: ApiCredentials,
  signal: AbortSignal,
): Promise<KeyState> {
  const session = await SQLiteSession.fromBytes(await toTelethon(bytes))
  const options = clientOptions(session, { connectionRetries: 1, log: () => undefined })
  const client = new TelegramClient(session, apiId, apiHash, options)
  try {
    return await askKeyState(client, { timeoutMs: 10_000, signal })
  } catch (error) {
    if (!signal.aborted) throw error
    return { state: 'unknown', why: 'other', reason: 'it was not waited for' }
  } finally {
    await disconnectClient(client)
  }
}
