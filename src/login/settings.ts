import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { ConfigurationError, RefusedError } from '../base/errors.ts'
import { ANY_MS, checkNumbers } from '../base/number-option.ts'
import { type LogSink, logToStderr } from '../telegram/client/log-sink.ts'
import { addServerKey } from '../clients/gramjs/library.ts'
import type { Asker, QrAsker } from './asker.ts'
import type { AttemptLog } from './attempt-log.ts'
import { BOT_TOKEN, parsePhone } from './phone-number.ts'

/** The account that logs in. With `phone` the asker need not ask for it. */
export type Who =
  | { kind: 'user'; asker: Asker; phone?: string | undefined }
  | { kind: 'qr'; asker: QrAsker }
  | { kind: 'bot'; token: string }

/** A server that answers a login. */
export interface DataCentre {
  /** An IP address or a name. */
  host: string
  /** 443 at Telegram. */
  port: number
  /** Default: 2. */
  id?: number | undefined
  /** Of a server that is not Telegram's own: its public RSA key of 2048 bits, PEM. */
  publicKeyPem?: string | undefined
}

/** Goes along with a wait for Telegram. */
export type During = <T>(work: Promise<T>) => Promise<T>

/** What a login needs. */
export interface LogInOptions {
  /** Of the application, from https://my.telegram.org. */
  apiId: number
  /** 32 hex digits, from the same place. */
  apiHash: string
  /** The first data centre to ask; Telegram's own second unless given. It sends the account to the right one. */
  dc?: DataCentre | undefined
  /** Where the attempt is written down: `replica.attempt()`, or one of your own. */
  attempts: AttemptLog
  /** @internal */
  clock?: Clock | undefined
  /** Ends the login; its reason is thrown. */
  signal?: AbortSignal | undefined
  /** Milliseconds for each call to Telegram. Default: 30 000. */
  timeoutMs?: number | undefined
  /** Where GramJS's warnings go. Default: standard error. */
  log?: LogSink | undefined
  /** @internal Goes along with each wait for Telegram: a spinner. */
  during?: During | undefined
  /** @internal What earlier logins of the account left: then no code is needed. */
  loginTokens?: Uint8Array[] | undefined
  /** @internal Gets what this one leaves, if the account has a password. */
  onLoginToken?: ((token: Uint8Array) => void) | undefined
}

/** The account that logged in. */
export interface LoggedInUser {
  /** Decimal. */
  id: string
  /** First and last name, or what there is of them. */
  name: string
  /** Without `@`. */
  username?: string
  /** Whether it is a bot. */
  bot: boolean
}

/** A login that succeeded. */
export interface LoggedIn {
  /** The session as a Telethon file (version 7); a secret. */
  session: Uint8Array
  /** auth_key_id as 16 hex digits, see `verifySession`. */
  keyFingerprint: string
  /** Whose it is. */
  user: LoggedInUser
}

/** Telegram's production data centre 2, as its own apps have it built in. */
const DEFAULT_DC: DataCentre & { id: number } = { host: '149.154.167.51', port: 443, id: 2 }

export interface Settings {
  apiId: number
  apiHash: string
  dc: { host: string; port: number; id: number }
  attempts: AttemptLog
  clock: Clock
  signal: AbortSignal | undefined
  timeoutMs: number
  log: LogSink
  during: During | undefined
  loginTokens: Uint8Array[]
  onLoginToken: ((token: Uint8Array) => void) | undefined
}

/** Checks everything that can be checked without Telegram, and fills in the rest. */
export function checkSettings(who: Who, options: LogInOptions): Settings {
  const { apiId, apiHash, dc = DEFAULT_DC } = options
  if (!Number.isSafeInteger(apiId) || apiId <= 0)
    throw badSetting(
      'api_id_malformed',
      'api_id is not a whole number above 0',
      'https://my.telegram.org shows it.',
    )
  if (!/^[\da-f]{32}$/i.test(apiHash))
    throw badSetting(
      'api_hash_malformed',
      'api_hash is not 32 hex digits',
      'https://my.telegram.org shows it.',
    )
  checkNumbers({ timeoutMs: [options.timeoutMs, ANY_MS] })
  if (dc.host === '' || !Number.isInteger(dc.port) || dc.port < 1 || dc.port > 65_535)
    throw badSetting(
      'dc_malformed',
      'the data centre needs a host and a port',
      'For example 149.154.167.51:443.',
    )
  if (who.kind === 'bot' && !BOT_TOKEN.test(who.token))
    throw new RefusedError('login.bot_token_invalid', 'this is not a bot token', {
      hint: 'Copy the whole token from @BotFather: digits, a colon, letters and digits.',
    })
  if (who.kind === 'user' && who.phone !== undefined) parsePhone(who.phone)
  if (dc.publicKeyPem !== undefined) addServerKey(dc.publicKeyPem)
  return {
    apiId,
    apiHash,
    dc: { host: dc.host, port: dc.port, id: dc.id ?? DEFAULT_DC.id },
    attempts: options.attempts,
    clock: options.clock ?? systemClock,
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? 30_000,
    log: options.log ?? logToStderr,
    during: options.during,
    loginTokens: options.loginTokens ?? [],
    onLoginToken: options.onLoginToken,
  }
}

function badSetting(code: string, message: string, hint: string): ConfigurationError {
  return new ConfigurationError(`login.${code}`, message, { hint })
}
