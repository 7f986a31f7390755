import { Api, type TelegramClient } from 'telegram'
import { ConflictError, RefusedError, TgsessionError } from '../base/errors.ts'
import { callWithDeadline } from '../telegram/client/call.ts'
import { rpcError } from '../telegram/client/classify.ts'
import { disconnectClient } from '../telegram/client/disconnect.ts'
import { type AnyClient, asGramJs, type ClientLibrary } from '../telegram/client/internals.ts'
import { SQLiteSession } from '../clients/gramjs/sqlite-session.ts'
import { addServerKey } from '../clients/gramjs/library.ts'
import type { Asker } from './asker.ts'
import { LoginFlow } from './flow.ts'
import { askSelf, sealLogin, userOf, whoAmI } from './logged-in.ts'
import { LoginClient } from './login-client.ts'
import { checkSettings, type LoggedIn, type LogInOptions, type Settings } from './settings.ts'
import { remember } from './login.ts'
import { enterPassword } from './sign-in.ts'
import { withStoredAccount } from './stored-account.ts'

export interface ForkOptions extends Omit<LogInOptions, 'dc'> {
  /** Asks for the password of two-step verification. */
  asker: Pick<Asker, 'password' | 'notify'>
  /** How the new login is called in Telegram's list of devices. */
  deviceModel: string
  /** Of a server that is not Telegram's own. */
  publicKeyPem?: string | undefined
}

/** Who lets the other one in, connected. */
interface Accepting {
  client: TelegramClient
  flow: LoginFlow
  address: AnyClient['session']
  Api: typeof Api
}

/** A token lives 30 s; what is slower than that gets another one. */
const TOKENS = 3
const END_MS = 10_000

/**
 * A second login of the same account, without a code: the stored session accepts the login token of a fresh auth key
 * (https://core.telegram.org/api/qr-login). The caller holds the lease of the stored session. When this settles every
 * socket is closed; after a failure the fresh login is ended.
 *
 * @throws RefusedError fork.bot: bots log in with their token; and as `logIn`
 * @throws ConflictError fork.other_account: Telegram logged in another account
 */
export async function forkSession(bytes: Uint8Array, options: ForkOptions): Promise<LoggedIn> {
  return await counted(options, async (settings) =>
    withStoredAccount(bytes, settings, async ({ client, flow, session }) => {
      await flow.connect()
      return await fork({ client, flow, address: session, Api }, settings, options)
    }),
  )
}

/** The same by a client that is connected, of either library: it goes on with what it does. @throws as forkSession */
export async function forkByClient(
  client: AnyClient,
  { Api: library }: Pick<ClientLibrary, 'Api'>,
  options: ForkOptions,
): Promise<LoggedIn> {
  return await counted(options, async (settings) => {
    const accepting = asGramJs(client)
    const flow = new LoginFlow(accepting, settings)
    return await fork({ client: accepting, flow, address: client.session, Api: library }, settings, options)
  })
}

async function counted(
  options: ForkOptions,
  use: (settings: Settings) => Promise<LoggedIn>,
): Promise<LoggedIn> {
  const settings = checkSettings({ kind: 'qr', asker: NOBODY }, options)
  if (options.publicKeyPem !== undefined) addServerKey(options.publicKeyPem)
  settings.signal?.throwIfAborted()
  await settings.attempts.begin()
  try {
    return await use(settings)
  } catch (error) {
    throw await remember(error, settings)
  }
}

async function fork(stored: Accepting, settings: Settings, options: ForkOptions): Promise<LoggedIn> {
  const self = await askSelf(stored.flow, stored.Api)
  const owner = userOf(self)
  if (owner.bot)
    throw new RefusedError('fork.bot', 'this is the session of a bot, which cannot let another one in', {
      hint: 'A bot has as many logins as it likes: `tgsession login --bot` with its token, under another --name.',
    })
  if (self.phone) await settings.attempts.sending?.(`+${self.phone}`)
  const session = new SQLiteSession()
  const client = new LoginClient(session, settings, settings.log, options.deviceModel)
  const flow = new LoginFlow(client, settings)
  const accepted: { hash?: Api.Authorization['hash'] } = {}
  try {
    await session.load()
    // Where the account lives: from anywhere else Telegram would send it there.
    session.setDC(stored.address.dcId, stored.address.serverAddress, stored.address.port)
    await flow.connect()
    await letIn(stored, flow, settings, options, accepted)
    const user = await whoAmI(flow)
    if (user.id !== owner.id)
      throw new ConflictError('fork.other_account', 'Telegram logged another account in', {
        hint: 'Nothing was stored. Please report it.',
      })
    settings.signal?.throwIfAborted()
    return await sealLogin(session, user)
  } catch (error) {
    if (accepted.hash) await end(stored, client, accepted.hash, settings, options)
    throw error
  } finally {
    await disconnectClient(client)
  }
}

/** Export, accept, export again; the token is never shown. */
async function letIn(
  stored: Accepting,
  fresh: LoginFlow,
  { apiId, apiHash }: Settings,
  { asker }: ForkOptions,
  accepted: { hash?: Api.Authorization['hash'] },
): Promise<void> {
  const ask = new Api.auth.ExportLoginToken({ apiId, apiHash, exceptIds: [] })
  for (let tokens = 1; ; tokens++) {
    const exported = await fresh.call(ask)
    if (!(exported instanceof Api.auth.LoginToken)) throw unexpected()
    try {
      const authorization = await stored.flow.call(
        new stored.Api.auth.AcceptLoginToken({ token: exported.token }),
      )
      accepted.hash = authorization.hash
      break
    } catch (error) {
      if (rpcError(error)?.name !== 'AUTH_TOKEN_EXPIRED' || tokens === TOKENS) throw error
    }
  }
  try {
    const answer = await fresh.signIn(ask)
    if (answer instanceof Api.auth.LoginTokenSuccess) return
    if (!(answer instanceof Api.auth.LoginTokenMigrateTo)) throw unexpected()
    await fresh.moveTo(answer.dcId)
    await fresh.signIn(new Api.auth.ImportLoginToken({ token: answer.token }))
  } catch (error) {
    if (rpcError(error)?.name !== 'SESSION_PASSWORD_NEEDED') throw error
    await enterPassword(fresh, asker)
  }
}

/** So that no login stays that nobody holds: by itself, or else by the stored session, which may after its first 24 hours. */
async function end(
  stored: Accepting,
  client: LoginClient,
  hash: Api.Authorization['hash'],
  { clock }: Settings,
  { asker, deviceModel }: ForkOptions,
): Promise<void> {
  const how = { clock, timeoutMs: END_MS }
  try {
    await callWithDeadline(client, new Api.auth.LogOut(), how)
  } catch {
    await callWithDeadline(stored.client, new stored.Api.account.ResetAuthorization({ hash }), how).catch(
      () =>
        asker.notify?.(`Look for "${deviceModel}" under Settings > Devices in Telegram, and end it there.`),
    )
  }
}

function unexpected(): TgsessionError {
  return new RefusedError('login.refused', 'Telegram answered the login token with something else', {
    hint: 'Nothing was stored. Try again.',
  })
}

const NOBODY = {
  password: () => Promise.reject(new TypeError('nobody is asked here')),
  showQr: () => undefined,
  hideQr: () => undefined,
}
