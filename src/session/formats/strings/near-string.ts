import { undressToken } from '../../../base/input.ts'

/** Everything of a GramJS string but the address. */
const GRAMJS_FIXED_BYTES = 261

/**
 * What a text is that looks like a session string and is none: "a Telethon session string of which the end is missing: 331
 * characters, 353 expected". Undefined for any other text. Nothing of it is repeated.
 */
export function nearString(text: string): string | undefined {
  const token = undressToken(text)
  if (!/^[\w+/=-]{60,8192}$/.test(token)) return undefined
  const half = token.slice(0, Math.ceil(token.length / 2))
  if (token === half + half) return `a session string that stands there twice (${token.length} characters)`
  const expected = expectedOf(token)
  if (expected === undefined)
    return token.length < 300 ? `a session string that is too short (${token.length} characters)` : undefined
  const { client, length } = expected
  const count = `${token.length} characters, ${length} expected`
  if (token.length < length) return `a ${client} session string of which the end is missing: ${count}`
  return token.length === length ? undefined : `a ${client} session string with something behind it: ${count}`
}

/** By what its first bytes say, which of the known lengths it should have. mtcute's has many. */
function expectedOf(token: string): { client: string; length: number } | undefined {
  const isPrefixed = token.startsWith('1')
  const bytes = Buffer.from(isPrefixed ? token.slice(1, 121) : token.slice(0, 120), 'base64')
  const [dc = 0, second = 0, third = 0] = bytes
  if (dc < 1 || dc > 5) return undefined
  if (isPrefixed) {
    const address = bytes.toString('latin1', 3, 3 + third)
    if (second === 0 && third > 6 && third < 80 && /^[\w.:-]+$/.test(address))
      return { client: 'GramJS', length: 1 + 4 * Math.ceil((GRAMJS_FIXED_BYTES + third) / 3) }
    return { client: 'Telethon', length: 353 }
  }
  // Today's has the api_id and then the test flag; before that the flag came at once.
  const isToday = (bytes[5] ?? 9) < 2 && bytes.readUInt32BE(1) > 0
  if (isToday) return { client: 'Pyrogram', length: 362 }
  return second < 2 ? { client: 'Pyrogram', length: token.length < 352 ? 351 : 356 } : undefined
}
