import { RefusedError } from '../base/errors.ts'
import { undressToken } from '../base/input.ts'

/** E.164 allows 15 digits; no country has numbers below 7 with its own code. */
const DIGITS = /^\d{7,15}$/

/**
 * The number as Telegram takes it: + and digits. What cannot be seen, spaces, dots, dashes
 * and brackets are dropped, and so is the (0) behind a country code; a leading 00 is a +.
 * @throws RefusedError login.phone_invalid: not a phone number in international form
 */
export function parsePhone(text: string): string {
  const token = undressToken(text)
  // The trunk 0 is dialled only inside the country.
  const dialled = /^(\+|00)/.test(token) ? token.replace('(0)', '') : token
  const bare = dialled.replaceAll(/[().\-\u2010-\u2015\u2212/]/g, '')
  const digits = bare.replace(/^(\+|00)/, '')
  if (DIGITS.test(digits)) return `+${digits}`
  throw new RefusedError('login.phone_invalid', 'this is not a phone number in international form', {
    hint: 'Write it with the country code, for example +44 7700 900123.',
  })
}

/** The number for messages and logs: enough to recognise it, not enough to learn it. */
export function maskPhone(phone: string): string {
  const digits = phone.replaceAll(/\D/g, '')
  return `+${digits.slice(0, 2)}${'•'.repeat(Math.max(1, digits.length - 4))}${digits.slice(-2)}`
}

/** As @BotFather gives it: the bot's id, a colon, and its secret. */
export const BOT_TOKEN = /^\d+:[\w-]+$/
