/** Four base64 characters hold three bytes, so a single one left over is a character lost. */
const BASE64 = /^[\w+/-]*={0,2}$/

/** Either alphabet, with or without padding; undefined if it is neither. */
export function fromBase64(text: string): Buffer | undefined {
  if (!BASE64.test(text) || text.replace(/=+$/, '').length % 4 === 1) return undefined
  return Buffer.from(text, 'base64')
}
