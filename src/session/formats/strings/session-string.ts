import { BadDataError } from '../../../base/errors.ts'
import { undressToken } from '../../../base/input.ts'
import { fromBase64 } from './base64.ts'
import { gramjsString } from './gramjs.ts'
import { nearString } from './near-string.ts'
import { mtcuteString } from './mtcute.ts'
import { mtkrutoString } from './mtkruto.ts'
import type { PortableSession, StringFormatName } from '../portable-session.ts'
import { pyrogramString } from './pyrogram.ts'
import { telethonString } from './telethon.ts'

/** How one library writes a session as text. `fits` checks the exact number of bytes, before any is believed. */
interface StringFormat {
  /** For messages: "a Telethon string session". */
  name: string
  fits(bytes: Buffer, prefixed: boolean): boolean
  /** Throws `BadDataError` (`session.bad_string`). */
  decode(bytes: Buffer): PortableSession
  /** Throws `BadDataError` (`session.no_key`, `.bad_dc`; Pyrogram's `.unknown_dc`) or `UsageError` (`session.needs_…`). */
  encode(session: PortableSession): string
}

const FORMATS: Readonly<Record<StringFormatName, StringFormat>> = {
  gramjs: gramjsString,
  telethon: telethonString,
  pyrogram: pyrogramString,
  mtcute: mtcuteString,
  mtkruto: mtkrutoString,
}
/**
 * In the order in which they are tried: GramJS before Telethon, with whose IPv6 form it shares a length, and MTKruto, which
 * is told by what stands in it, before those that are told by their length.
 */
const NAMES = ['gramjs', 'telethon', 'mtkruto', 'pyrogram', 'mtcute'] as const
const MAX_CHARACTERS = 4096

export interface RecognisedString {
  format: StringFormatName
  /** "a Telethon string session". */
  name: string
  bytes: Buffer
}

/** Which library's string a text is, by its length; whether it is whole shows on decoding. What it was wrapped in is taken off. */
export function recogniseString(text: string): RecognisedString | undefined {
  const packed = text.length > MAX_CHARACTERS ? '' : undressToken(text)
  // No other format's first byte can make a '1', which would be a data centre above 211.
  const prefixed = packed.startsWith('1')
  const bytes = fromBase64(prefixed ? packed.slice(1) : packed)
  if (bytes === undefined) return undefined
  const format = NAMES.find((name) => FORMATS[name].fits(bytes, prefixed))
  return format && { format, name: FORMATS[format].name, bytes }
}

/**
 * A session from a string of Telethon, GramJS (teleproto), Pyrogram (Kurigram), mtcute or MTKruto.
 *
 * @throws BadDataError `session.not_a_string` for any other text, `session.bad_string` for a damaged one
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { convertToString, decodeSessionString } from 'tgsession'
 *
 * const text = await convertToString(await readFile('anon.session'), 'telethon')
 * const { format, session } = decodeSessionString(text)
 * console.log(format, session.dcId) // telethon 2
 * ```
 */
export function decodeSessionString(text: string): { format: StringFormatName; session: PortableSession } {
  const found = recogniseString(text)
  if (found !== undefined) return { format: found.format, session: FORMATS[found.format].decode(found.bytes) }
  const what = nearString(text) ?? 'no session string of a known library'
  throw new BadDataError('session.not_a_string', `this text is ${what}`, {
    hint: 'Copy it again, as a whole: its length tells which library made it.',
  })
}

/**
 * The session as `format` writes it; a secret.
 *
 * @throws BadDataError `session.no_key`, `.bad_dc`, `.unknown_dc`
 * @throws UsageError `session.needs_api_id`, `.needs_user_id`, `.needs_server_address`
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { convertToString, decodeSessionString, encodeSessionString } from 'tgsession'
 *
 * const telethon = await convertToString(await readFile('anon.session'), 'telethon')
 * const gramjs = encodeSessionString('gramjs', decodeSessionString(telethon).session)
 * ```
 */
export function encodeSessionString(format: StringFormatName, session: PortableSession): string {
  return FORMATS[format].encode(session)
}
