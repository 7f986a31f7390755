import { RefusedError } from '../base/errors.ts'

/** E.164 allows 15 digits; no country has numbers below 7 with its own code. */
const DIGITS = /^\d{7,15}$/

/**
 * The number as Telegram takes it: + and digits. Spaces, dots, dashes and brackets are dropped, a leading 00 is a +.
 * @throws RefusedError login.phone_invalid: not a phone number in international form
 */
export function parsePhone(text: string): string {
  const bare = text.replaceAll(/[\s().\-\u2010-\u2015]/g, '')
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
