import { Api } from 'telegram'
import { TgsessionError } from '../base/errors.ts'
import { callWithDeadline } from '../telegram/client/call.ts'
import { rpcError } from '../telegram/client/classify.ts'
import { disconnectClient } from '../telegram/client/disconnect.ts'
import { SQLiteSession } from '../clients/gramjs/sqlite-session.ts'
import { LoginFlow } from './flow.ts'
import { sealLogin, whoAmI } from './logged-in.ts'
import { LoginClient } from './login-client.ts'
import { parsePhone } from './phone-number.ts'
import { floodRefusal, floodSeconds, translate } from './refusals.ts'
import { checkSettings } from './settings.ts'
import type { LoggedIn, LogInOptions, Settings, Who } from './settings.ts'
import { signInByQr } from './sign-in-by-qr.ts'
import { signInBot, signInUser } from './sign-in.ts'

export type { Asker, CodeQuestion, PasswordQuestion, QrAsker, QrCode } from './asker.ts'
export type { AttemptLog } from './attempt-log.ts'
export type { DataCentre, LoggedIn, LoggedInUser, LogInOptions, Who } from './settings.ts'
export { maskPhone } from './phone-number.ts'

/** Milliseconds for taking back an unused authorisation. */
const LOG_OUT_MS = 10_000

/**
 * A new session. The attempt is written to `attempts` before anything is sent to Telegram, and when this settles
 * every socket is closed, whatever the outcome. After a failure or an abort nothing is left at Telegram either: a key
 * that was authorised by then is logged out.
 *
 * @throws RefusedError login.*: flood_wait, code_wrong, code_expired, password_wrong, phone_invalid, phone_unoccupied,
 *   phone_banned, bot_token_invalid, payment_required, email_setup_required, code_unavailable, qr_not_scanned, update_app, refused
 * @throws ConfigurationError login.api_id_malformed, .api_hash_malformed, .dc_malformed, .api_id_invalid,
 *   .api_id_published; telegram.server_key
 * @throws UnreachableError telegram.unreachable, telegram.no_answer, telegram.untrusted, login.key_forgotten
 * @throws `signal.reason` after an abort, and whatever `attempts.begin()` or the asker throws
 */
export async function logIn(who: Who, options: LogInOptions): Promise<LoggedIn> {
  const settings = checkSettings(who, options)
  settings.signal?.throwIfAborted()
  await settings.attempts.begin()
  try {
    return await attempt(who, settings)
  } catch (error) {
    throw await remember(error, settings)
  }
}

async function attempt(who: Who, settings: Settings): Promise<LoggedIn> {
  const { dc, signal } = settings
  const session = new SQLiteSession()
  const client = new LoginClient(session, settings, settings.log)
  const flow = new LoginFlow(client, settings)
  try {
    await session.load()
    session.setDC(dc.id, dc.host, dc.port)
    await signIn(who, flow, settings)
    const user = await whoAmI(flow)
    signal?.throwIfAborted()
    return await sealLogin(session, user)
  } catch (error) {
    if (flow.mayBeAuthorised) await logOut(who, client, settings)
    throw error
  } finally {
    await disconnectClient(client)
  }
}

async function signIn(who: Who, flow: LoginFlow, settings: Settings): Promise<void> {
  if (who.kind === 'bot') {
    await flow.connect()
    return await signInBot(flow, who.token, settings)
  }
  if (who.kind === 'qr') {
    await flow.connect()
    return await signInByQr(flow, who.asker, settings)
  }
  const { asker } = who
  const phone = parsePhone(who.phone ?? (await flow.ask((signal) => asker.phone({ signal }))))
  await settings.attempts.sending?.(phone)
  await flow.connect()
  return await signInUser(flow, asker, phone, settings)
}

/** No authorisation may stay whose key is lost. This outlives the signal, within its own deadline. */
async function logOut(who: Who, client: LoginClient, { clock, log }: Settings): Promise<void> {
  try {
    await callWithDeadline(client, new Api.auth.LogOut(), { clock, timeoutMs: LOG_OUT_MS })
  } catch (error) {
    const nothingToEnd = rpcError(error)?.code === 401
    if (nothingToEnd) return
    const message =
      'The login was taken back, but Telegram did not confirm it: look for "tgsession" under Settings > Devices and end it there.'
    if (who.kind !== 'bot' && who.asker.notify) who.asker.notify(message)
    else log('warn', message)
  }
}

/** Writes down how the attempt ended; returns what is to be thrown. */
export async function remember(error: unknown, settings: Settings): Promise<unknown> {
  const seconds = floodSeconds(error)
  const said = rpcError(error) ? translate(error) : error
  const thrown = seconds === null ? said : await rememberFlood(seconds, settings)
  const code = thrown instanceof TgsessionError ? thrown.code : 'login.cancelled'
  try {
    await settings.attempts.failed?.(code)
  } catch {
    settings.log('warn', `the outcome of this login (${code}) could not be written down`)
  }
  return thrown
}

async function rememberFlood(seconds: number, { attempts, clock }: Settings): Promise<TgsessionError> {
  const until = new Date(clock.wall() + seconds * 1000)
  try {
    await attempts.blocked(until)
    return floodRefusal(seconds, until)
  } catch (failure) {
    return floodRefusal(seconds, until, failure)
  }
}
