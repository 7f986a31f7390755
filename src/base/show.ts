/**
 * Foreign text on its way to a terminal or a log line. A label, a server's words or a name from Telegram may hold escape
 * sequences, line ends that forge a line of ours, or marks that turn the direction of what follows.
 */

/** C0, DEL, C1 and line ends (C0, U+2028, U+2029); what changes the direction of text (Unicode's Bidi_Control). */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The same text on one line, with `\u001b` for what a terminal would obey. */
export function show(text: string): string {
  return text.replaceAll(UNSAFE, escaped)
}

/** As JSON (a valid one) that a terminal does not obey. */
export function showJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
