import { Api } from 'telegram'
import { RefusedError } from '../base/errors.ts'

export interface SentCode {
  /** Where the code went, for a person: "We sent the code to …". */
  sentTo: string
  length: number | undefined
  /** A code by e-mail is handed back in another field. */
  byEmail: boolean
  /** Words keep their spaces; digits may be typed with spaces or dashes. */
  words: boolean
}

/**
 * Names every way that Telegram has of sending a code (layer 198).
 * @throws RefusedError login.email_setup_required: the account must first have an e-mail address
 */
export function describeCode(type: Api.auth.TypeSentCodeType): SentCode {
  const { sentTo, byEmail = false, words = false } = name(type)
  const length = 'length' in type && type.length > 0 ? type.length : undefined
  return { sentTo, length, byEmail, words }
}

function name(type: Api.auth.TypeSentCodeType): { sentTo: string; byEmail?: boolean; words?: boolean } {
  const { SentCodeTypeFirebaseSms, SentCodeTypeSetUpEmailRequired } = Api.auth
  if (type instanceof Api.auth.SentCodeTypeApp)
    return { sentTo: 'the Telegram app on another of your devices (the chat "Telegram")' }
  if (type instanceof Api.auth.SentCodeTypeSms) return { sentTo: 'your phone, as an SMS' }
  if (type instanceof Api.auth.SentCodeTypeCall) return { sentTo: 'your phone, by a call that says the code' }
  if (type instanceof Api.auth.SentCodeTypeFlashCall)
    return {
      sentTo: `your phone, by a call that need not be answered: the code is the caller's number (${type.pattern})`,
    }
  if (type instanceof Api.auth.SentCodeTypeMissedCall)
    return {
      sentTo: `your phone, by a missed call: the code is the last ${type.length} digits of the caller's number (${type.prefix}…)`,
    }
  if (type instanceof Api.auth.SentCodeTypeEmailCode)
    return { sentTo: `your e-mail address ${type.emailPattern}`, byEmail: true }
  if (type instanceof Api.auth.SentCodeTypeFragmentSms)
    return { sentTo: `Fragment, where this anonymous number was bought: ${type.url}` }
  if (type instanceof SentCodeTypeFirebaseSms)
    return { sentTo: 'your phone, as an SMS by way of Firebase; it may reach only Telegram’s own apps' }
  if (type instanceof Api.auth.SentCodeTypeSmsWord)
    return { sentTo: `your phone, as an SMS: a word${startingWith(type.beginning)}`, words: true }
  if (type instanceof Api.auth.SentCodeTypeSmsPhrase)
    return { sentTo: `your phone, as an SMS: a phrase${startingWith(type.beginning)}`, words: true }
  if (type instanceof SentCodeTypeSetUpEmailRequired)
    throw new RefusedError(
      'login.email_setup_required',
      'Telegram wants this account to have an e-mail address first',
      {
        hint: 'Log in once with an official Telegram app and set the address up there; then try again.',
      },
    )
  return unknownType(type)
}

function startingWith(beginning: string | undefined): string {
  return beginning ? ` that starts with "${beginning}"` : ''
}

/** The compiler proves that the list above is complete; a server with a newer layer may still surprise. */
function unknownType(type: never): { sentTo: string } {
  return { sentTo: `a place that this version does not know (${String(type)})` }
}

/** How Telegram would send another code, and after how many seconds it does; undefined where it has no other way. */
export function describeNext({
  nextType,
  timeout,
}: Api.auth.SentCode): { next: string; afterSeconds: number } | undefined {
  if (!nextType) return undefined
  return { next: nameNext(nextType), afterSeconds: timeout ?? 0 }
}

function nameNext(type: Api.auth.TypeCodeType): string {
  if (type instanceof Api.auth.CodeTypeSms) return 'as an SMS'
  if (type instanceof Api.auth.CodeTypeCall) return 'by a call that says the code'
  if (type instanceof Api.auth.CodeTypeFlashCall || type instanceof Api.auth.CodeTypeMissedCall)
    return 'by a call: the code is in the number'
  return 'by way of Fragment'
}
