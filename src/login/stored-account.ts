import { Api } from 'telegram'
import { type Clock, systemClock } from '../base/clock.ts'
import { ANY_MS, checkNumbers } from '../base/number-option.ts'
import { SQLiteSession } from '../clients/gramjs/sqlite-session.ts'
import { rpcError } from '../telegram/client/classify.ts'
import { disconnectClient } from '../telegram/client/disconnect.ts'
import { askKeyState, type KeyState } from '../telegram/client/key-state.ts'
import { LoginFlow } from './flow.ts'
import { type Credentials, LoginClient } from './login-client.ts'

export interface StoredAccountOptions extends Credentials {
  signal?: AbortSignal | undefined
  /** @internal */
  clock?: Clock | undefined
  /** Milliseconds for each call to Telegram; 30 000 unless given. */
  timeoutMs?: number | undefined
}

/** A stored session in use for a moment. */
export interface StoredAccount {
  client: LoginClient
  flow: LoginFlow
  session: SQLiteSession
}

/** What Telegram says of a session. Dates are ISO 8601; null: it did not say. */
export type AccountState =
  | Exclude<KeyState, { state: 'alive' }>
  | {
      state: 'alive'
      bot: boolean
      /** How Telegram's list of devices shows this login. */
      device: { model: string; app: string; since: string } | null
      /** Other logins of the account. */
      others: number | null
      /** Days without use after which Telegram ends a login, and when that would be for this one. */
      ttlDays: number | null
      endsUnusedAt: string | null
      /** The account is read-only until then, and is deleted unless an appeal is accepted. */
      frozenUntil: string | null
    }

/** Connects the session, and disconnects it whatever happens. The caller holds its lease, and nobody else uses it. */
export async function withStoredAccount<T>(
  bytes: Uint8Array,
  options: StoredAccountOptions,
  use: (account: StoredAccount) => Promise<T>,
): Promise<T> {
  const { clock = systemClock, timeoutMs = 30_000, signal } = options
  checkNumbers({ timeoutMs: [timeoutMs, ANY_MS] })
  const session = await SQLiteSession.fromBytes(bytes)
  const client = new LoginClient(session, options, () => undefined)
  const flow = new LoginFlow(client, { clock, timeoutMs, signal })
  try {
    return await use({ client, flow, session })
  } finally {
    await disconnectClient(client)
  }
}

/** Asks Telegram once for the state of the account. @throws `signal.reason` */
export async function askAccount(bytes: Uint8Array, options: StoredAccountOptions): Promise<AccountState> {
  return await withStoredAccount(bytes, options, async ({ client, flow }) => {
    const { timeoutMs, signal } = options
    const key = await askKeyState(client, { timeoutMs, signal })
    if (key.state !== 'alive') return key
    const [user] = await flow.call(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }))
    const bot = user instanceof Api.User && Boolean(user.bot)
    const { clock = systemClock } = options
    return {
      state: 'alive',
      bot,
      ...(bot ? NO_DEVICES : await askDevices(flow, clock.wall())),
      frozenUntil: await askFrozen(flow),
    }
  })
}

/**
 * Ends the login at Telegram. False where it was over already.
 * @throws UnreachableError, RefusedError: Telegram did not say so
 */
export async function endAccount(bytes: Uint8Array, options: StoredAccountOptions): Promise<boolean> {
  return await withStoredAccount(bytes, options, async ({ flow }) => {
    try {
      await flow.connect()
      await flow.call(new Api.auth.LogOut())
      return true
    } catch (error) {
      if (rpcError(error)?.code === 401) return false
      throw flow.inWords(error)
    }
  })
}

const NO_DEVICES = { device: null, others: null, ttlDays: null, endsUnusedAt: null }

/** Bots have no list of devices. */
async function askDevices(
  flow: LoginFlow,
  nowMs: number,
): Promise<Pick<AccountState & { state: 'alive' }, keyof typeof NO_DEVICES>> {
  const list = await flow.call(new Api.account.GetAuthorizations())
  const { authorizations, authorizationTtlDays: ttlDays } = list
  const own = authorizations.find(({ current }) => current)
  return {
    device: own
      ? { model: own.deviceModel, app: own.appName, since: new Date(own.dateCreated * 1000).toISOString() }
      : null,
    others: authorizations.length - (own ? 1 : 0),
    ttlDays,
    // Asking was a use.
    endsUnusedAt: new Date(nowMs + ttlDays * 86_400_000).toISOString(),
  }
}

/** https://core.telegram.org/api/auth#frozen-accounts; what Telegram does not say is not known. */
async function askFrozen(flow: LoginFlow): Promise<string | null> {
  try {
    const answer = await flow.call(new Api.help.GetAppConfig({ hash: 0 }))
    if (!(answer instanceof Api.help.AppConfig) || !(answer.config instanceof Api.JsonObject)) return null
    const entry = answer.config.value.find(({ key }) => key === 'freeze_until_date')
    const seconds = entry?.value instanceof Api.JsonNumber ? entry.value.value : 0
    return seconds > 0 ? new Date(seconds * 1000).toISOString() : null
  } catch (error) {
    if (rpcError(error)) return null
    throw error
  }
}
