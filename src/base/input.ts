/** What people paste and set: what it is, said without repeating it. */

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
