/** What a text that names a peer can mean, by Telethon's rules (telethon/utils.py of 1.25, and 1.37 for short names). */
const LINK = /^(?:@|(?:https?:\/\/)?(?:www\.)?(?:telegram\.(?:me|dog)|t\.me)\/(@|\+|joinchat\/)?)/i
const JOIN_LINK = /^tg:\/\/join\?invite=/i
const USERNAME = /^(?:[a-z](?:(?!__)\w){1,30}[a-z\d]|gif|vid|pic|bing|wiki|imdb|bold|vote|like|coub)$/i

/** The digits of a phone number, or undefined. Signs and spaces that people put between them are skipped. */
export function parsePhone(text: string): bigint | undefined {
  // Most texts are names: their first sign says so.
  if (/[^\d+()\s-]/.test(text)) return undefined
  const digits = text.replaceAll(/\D/g, '')
  return /^\d{1,18}$/.test(digits) ? BigInt(digits) : undefined
}

/** A marked or bare id, written as a number. */
export function parseId(text: string): bigint | undefined {
  return /^-?\d{1,18}$/.test(text) ? BigInt(text) : undefined
}

/** A username (lower case) from '@name', 'name' or a t.me link; or the hash of an invite link. */
export function parseUsername(text: string): { username?: string; invite?: string } {
  const trimmed = text.trim()
  const join = JOIN_LINK.exec(trimmed)
  if (join !== null) return { invite: trimmed.slice(join[0].length) }
  const link = LINK.exec(trimmed)
  const rest = trimmed.slice(link?.[0].length ?? 0)
  if (link?.[1] === '+' || link?.[1]?.startsWith('joinchat')) return { invite: rest }
  const name = rest.replace(/\/+$/, '')
  return USERNAME.test(name) ? { username: name.toLowerCase() } : {}
}

/** 12 or 16 bytes, as base64 or in hex. */
const INVITE = /^(?:[\w-]{16}|[\w-]{22}(?:==)?|[a-f\d]{24}|[a-f\d]{32})$/i

/** The bare id of the group or channel that an old invite link's hash leads to; new links do not tell. */
export function inviteGroupId(hash: string): bigint | undefined {
  if (!INVITE.test(hash)) return undefined
  const isHex = hash.length === 32 || (hash.length === 24 && !hash.endsWith('='))
  const payload = Buffer.from(hash, isHex ? 'hex' : 'base64url')
  return BigInt(payload.readUInt32BE(payload.length === 12 ? 0 : 4))
}
