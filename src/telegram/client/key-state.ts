import { Api } from 'telegram'
import type { TelegramClient } from 'telegram'
import { callWithDeadline } from './call.ts'
import type { DeadlineOptions } from './call.ts'
import { classify } from './classify.ts'
import { connectOrThrow } from './connect.ts'

/**
 * - `alive`: Telegram answered with the key's own update state
 * - `dead`: the key will never work again; `why` is what the head remembers of it
 * - `wait`: ask again after `seconds`
 * - `unknown`: Telegram did not say; the key may be as good as ever
 */
export type KeyState =
  | { state: 'alive' }
  | { state: 'dead'; why: 'revoked' | 'duplicated' | 'banned' | 'deleted'; reason: string }
  | { state: 'wait'; seconds: number; reason: string }
  | { state: 'unknown'; why: 'frozen' | 'network' | 'other'; reason: string }

/**
 * Asks Telegram itself, once. GramJS's `isUserAuthorized()` and `checkAuthorization()` are not used, as they say "no"
 * for any error. Connects the client if it is not connected; leaves it to the caller to disconnect it.
 * The caller holds the session's lease.
 * @throws `signal.reason` once the signal fires
 */
export async function askKeyState(client: TelegramClient, options: DeadlineOptions = {}): Promise<KeyState> {
  try {
    if (!client.connected) await connectOrThrow(client, options)
    await callWithDeadline(client, new Api.updates.GetState(), options)
    return { state: 'alive' }
  } catch (error) {
    options.signal?.throwIfAborted()
    const verdict = classify(error)
    const { kind, reason } = verdict
    if (kind === 'flood') return { state: 'wait', seconds: verdict.seconds, reason }
    if (reason === 'USER_DEACTIVATED_BAN') return { state: 'dead', why: 'banned', reason }
    if (reason === 'USER_DEACTIVATED') return { state: 'dead', why: 'deleted', reason }
    if (kind === 'revoked' || kind === 'duplicated') return { state: 'dead', why: kind, reason }
    return { state: 'unknown', why: kind, reason }
  }
}
