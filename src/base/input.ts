/** What people paste and set: undressed once, here; then judged; and what it is, said without repeating it. */

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/AGE-SECRET-KEY-1/i, 'an encryption key'],
  [/^[0-9a-f]{64}$/i, 'an encryption key'],
  [/^\d{5,12}:[\w-]{30,}$/, 'a bot token'],
  [/^[\w+/-]{200,}={0,2}$/, 'a session string'],
]

/** "a bot token", if the text is a secret by its form. */
export function secretKind(text: string): string | undefined {
  return SECRETS.find(([pattern]) => pattern.test(text))?.[1]
}

/**
 * The text that bytes hold: UTF-8, or UTF-16 as Windows' editors and PowerShell's `>` write it, with or without a byte
 * order mark. Null for what is neither.
 */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Without a mark, UTF-16 shows by the zero in every second byte of ASCII. */
function encodingOf([first = 1, second = 1]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be'
  return 'utf-8'
}

/** What no font shows: byte order marks, zero-width characters, soft hyphens, marks of direction, joiners. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g
const EDGES =
  /^[\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f]+|[\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f]+$/g
const QUOTED =
  /^(?:"(.*)"|'(.*)'|`(.*)`|[\u201c\u201d\u201e](.*)[\u201c\u201d]|[\u2018\u2019\u201a](.*)[\u2018\u2019])$/s

/**
 * A variable's value without what it was wrapped in on its way: blanks, line ends and what is invisible at its edges, quotes
 * around it (`docker --env-file` keeps them), and its own `NAME=` or `export NAME=`.
 */
export function undressValue(text: string, name: string): string {
  const bare = text.replaceAll(EDGES, '')
  const own = /^(?:export\s+)?(\w+)\s*=\s*/.exec(bare)
  const inner = unquoted(own?.[1] === name ? bare.slice(own[0].length) : bare)
  return inner === text ? text : undressValue(inner, name)
}

/**
 * A pasted token (a session string, a key, a number): the same, with any `NAME=` and a final comma or semicolon taken off,
 * and all blanks and invisible characters in it.
 */
export function undressToken(text: string): string {
  const bare = text.replaceAll(INVISIBLE, '').replaceAll(/^\s+|[\s,;]+$/g, '')
  const inner = unquoted(
    bare.replace(/^(?:export\s+|(?:const|let|var)\s+)?[A-Za-z_]\w{0,60}\s*=\s*(?=[^\s=])/, ''),
  )
  return inner === text ? inner.replaceAll(/\s/g, '') : undressToken(inner)
}

function unquoted(text: string): string {
  const [, inner = text] = QUOTED.exec(text)?.filter((part: string | undefined) => part !== undefined) ?? []
  return inner
}

/** What a text looks like that is no encryption key. */
export function keyLikeness(text: string): string | undefined {
  const bare = undressToken(text)
  if (/^age1/i.test(bare)) return 'a public key, which can only encrypt'
  if (/^AGE-SECRET-KEY-1/i.test(bare))
    return `an age identity that is damaged: ${bare.length} characters, 74 expected`
  if (/^[0-9a-f]{40,90}$/i.test(bare)) return `${bare.length} hex digits, 64 expected`
  if (/^-----BEGIN|^ssh-/.test(bare)) return 'a key of another kind'
  return secretKind(bare)
}
