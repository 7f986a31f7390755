import { TypeNotFoundError } from 'telegram/errors/index.js'
import {
  ConfigurationError,
  RefusedError,
  safeCause,
  TgsessionError,
  UnreachableError,
} from '../base/errors.ts'
import { asTelegramError, classify, rpcError } from '../telegram/client/classify.ts'

/** auth.sentCodePaymentRequired of the layers since 203; the layer that GramJS names does not know it. */
const PAYMENT_REQUIRED = new Set([0xd7cef980, 0xd7a2fcf9, 0xe0955a3c, 0xf8827ebf])

/** Telegram gives no time with these; its bans of new logins last a day. */
const FLOOD_WITHOUT_TIME = new Set(['PHONE_NUMBER_FLOOD', 'PHONE_PASSWORD_FLOOD'])
const DAY_SECONDS = 24 * 60 * 60

interface Wording {
  code: string
  message: string
  hint: string
  kind?: typeof ConfigurationError
}

const PHONE_INVALID: Wording = {
  code: 'login.phone_invalid',
  message: 'Telegram does not take this for a phone number',
  hint: 'Write it with the country code, for example +44 7700 900123.',
}
const PHONE_BANNED: Wording = {
  code: 'login.phone_banned',
  message: 'Telegram has banned this account',
  hint: 'Write to recover@telegram.org from the account’s owner; no program can log in with it.',
}
const DEACTIVATED: Wording = {
  code: 'login.account_deleted',
  message: 'this account was deleted',
  hint: 'A new account can be made with the number in an official Telegram app. Nothing brings the old one back.',
}
const FROZEN: Wording = {
  code: 'login.account_frozen',
  message: 'Telegram has frozen this account: it can be read, but it may not write or log in anew',
  hint: 'Open an official Telegram app with this account, which shows the reason and how to appeal (@SpamBot).',
}
const UNOCCUPIED: Wording = {
  code: 'login.phone_unoccupied',
  message: 'there is no Telegram account with this phone number',
  hint: 'Create the account in an official Telegram app first; signing up is not offered here.',
}
const BOT_TOKEN: Wording = {
  code: 'login.bot_token_invalid',
  message: 'Telegram does not know this bot token',
  hint: 'Copy the token again from @BotFather; after /revoke the old one is dead.',
}
const API_ID: Wording = {
  code: 'login.api_id_invalid',
  message: 'Telegram does not know this api_id with this api_hash',
  hint: 'Take both from https://my.telegram.org, from the same app.',
  kind: ConfigurationError,
}
export const PAYMENT: Wording = {
  code: 'login.payment_required',
  message: 'Telegram asks for a payment before it sends a code to this number',
  hint: 'Only an official Telegram app can pay. Log in there, then try again: codes then go to that app.',
}
export const CODE_EXPIRED: Wording = {
  code: 'login.code_expired',
  message: 'the code has expired',
  hint: 'Start again. A code that was sent to anyone in a Telegram chat, even forwarded to yourself, expires at once.',
}

const RECAPTCHA: Wording = {
  code: 'login.captcha',
  message: 'Telegram asks for a captcha, which only an official app can show',
  hint: 'Use an api_id of your own and another network (not a datacentre or a VPN), wait a day, or log in with --qr.',
}

const WORDINGS: Record<string, Wording> = {
  PHONE_NUMBER_INVALID: PHONE_INVALID,
  PHONE_NUMBER_BANNED: PHONE_BANNED,
  USER_DEACTIVATED: DEACTIVATED,
  USER_DEACTIVATED_BAN: PHONE_BANNED,
  PHONE_NUMBER_UNOCCUPIED: UNOCCUPIED,
  PHONE_NUMBER_APP_SIGNUP_FORBIDDEN: UNOCCUPIED,
  PHONE_CODE_EXPIRED: CODE_EXPIRED,
  EMAIL_VERIFY_EXPIRED: CODE_EXPIRED,
  ACCESS_TOKEN_INVALID: BOT_TOKEN,
  ACCESS_TOKEN_EXPIRED: BOT_TOKEN,
  API_ID_INVALID: API_ID,
  CONNECTION_API_ID_INVALID: API_ID,
  API_ID_PUBLISHED_FLOOD: {
    code: 'login.api_id_published',
    message: 'this api_id has been published, and Telegram refuses logins with it',
    hint: 'Make your own at https://my.telegram.org.',
    kind: ConfigurationError,
  },
  PASSWORD_HASH_INVALID: {
    code: 'login.password_wrong',
    message: 'Telegram does not take this password',
    hint: 'It is the password of two-step verification, set under Settings > Privacy in Telegram.',
  },
  SRP_PASSWORD_CHANGED: {
    code: 'login.password_changed',
    message: 'the password of two-step verification was changed in the meantime',
    hint: 'Start again, with the new one.',
  },
  SEND_CODE_UNAVAILABLE: {
    code: 'login.code_unavailable',
    message: 'Telegram has no way left to send a code to this number',
    hint: 'Wait a day, or log in with an official Telegram app first: codes then go to that app.',
  },
  UPDATE_APP_TO_LOGIN: {
    code: 'login.update_app',
    message: 'Telegram wants a newer client for this login',
    hint: 'Update tgsession; until then a session made elsewhere can be pushed.',
  },
}

export function refuse(wording: Wording, error?: unknown): TgsessionError {
  const Kind = wording.kind ?? RefusedError
  const cause = error === undefined ? {} : { cause: safeCause(error) }
  return new Kind(wording.code, wording.message, { hint: wording.hint, ...cause })
}

/** Sign-up is offered by Telegram in an answer rather than as an error. */
export function unoccupied(): TgsessionError {
  return refuse(UNOCCUPIED)
}

/** For how many seconds Telegram wants no login; null if the error says nothing of the kind. */
export function floodSeconds(error: unknown): number | null {
  const rpc = rpcError(error)
  if (!rpc) return null
  return FLOOD_WITHOUT_TIME.has(rpc.name) ? DAY_SECONDS : rpc.seconds
}

/** `notRemembered` is why the attempt log could not take it. */
export function floodRefusal(seconds: number, until: Date, notRemembered?: unknown): RefusedError {
  const hint = 'Trying earlier makes the wait longer. A session that exists works all the same.'
  return new RefusedError(
    'login.flood_wait',
    `Telegram wants no login for ${inWords(seconds)}, until ${until.toISOString()} (FLOOD_WAIT)`,
    notRemembered === undefined
      ? { hint }
      : {
          hint: `${hint} This could not be written down: remember it yourself.`,
          cause: safeCause(notRemembered),
        },
  )
}

/** What Telegram or GramJS threw, in words for the user who logs in. Flood waits are handled elsewhere. */
export function translate(error: unknown): TgsessionError {
  if (error instanceof TgsessionError) return error
  if (error instanceof TypeNotFoundError && PAYMENT_REQUIRED.has(error.invalidConstructorId >>> 0))
    return refuse(PAYMENT, error)
  const rpc = rpcError(error)
  const wording = rpc && wordingOf(rpc.name)
  if (wording) return refuse(wording, error)
  const { kind, reason } = classify(error)
  if (kind === 'network') return asTelegramError(error)
  if (rpc === null && kind === 'revoked')
    return new UnreachableError('login.key_forgotten', `Telegram forgot the new key (${reason})`, {
      hint: 'Nothing was lost; start the login again.',
    })
  return new RefusedError('login.refused', `Telegram refused the login (${reason})`, {
    hint: 'https://core.telegram.org/api/errors explains the word in brackets.',
    cause: safeCause(error),
  })
}

/** Some names go on: FROZEN_METHOD_INVALID, RECAPTCHA_CHECK_signup__6Lc…. */
function wordingOf(name: string): Wording | undefined {
  if (name.startsWith('FROZEN_')) return FROZEN
  return name.startsWith('RECAPTCHA_CHECK') ? RECAPTCHA : WORDINGS[name]
}

/** 86340 → "23 hours and 59 minutes"; rounded up, the two largest units. */
export function inWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  const units: [number, string][] =
    seconds < 60
      ? [[seconds, 'second']]
      : [
          [Math.floor(minutes / 1440), 'day'],
          [Math.floor(minutes / 60) % 24, 'hour'],
          [minutes % 60, 'minute'],
        ]
  const parts = units.filter(([count]) => count > 0).slice(0, 2)
  return parts.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' and ')
}
