/** What a recipient left in the header: the kind first, then what that kind needs. */
export interface Stanza {
  args: string[]
  body: Uint8Array
}

export interface Header {
  stanzas: Stanza[]
  mac: Uint8Array
  /** How much of the file the MAC is about. */
  signedBytes: number
  /** Where the payload begins. */
  bytes: number
}

const VERSION = 'age-encryption.org/v1'
const COLUMNS = 64
/** A file for thousands of recipients has a smaller one; anything larger is no header. */
const MAX_BYTES = 1024 * 1024

/** The header up to its MAC: https://c2sp.org/age, "Header". */
export function textOf(stanzas: readonly Stanza[]): string {
  const lines = stanzas.map(({ args, body }) => {
    const text = encode64(body)
    // The last line of a body is shorter than the others, so that its end shows.
    return `-> ${args.join(' ')}\n${text.replaceAll(/.{64}/g, '$&\n')}\n`
  })
  return `${VERSION}\n${lines.join('')}---`
}

/** Throws where it is not exactly what the format says. */
export function parseHeader(file: Uint8Array): Header {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, MAX_BYTES))
  let at = 0
  const nextLine = (): string => {
    const end = head.indexOf('\n', at)
    if (end < 0) throw new Error('the header has no end')
    const line = head.toString('latin1', at, end)
    at = end + 1
    return line
  }
  if (nextLine() !== VERSION) throw new Error('this is no age file of version 1')
  const stanzas: Stanza[] = []
  for (;;) {
    const begin = at
    const line = nextLine()
    if (line.startsWith('--- ')) {
      const mac = decode64(line.slice(4))
      if (mac.length !== 32) throw new Error('the MAC has a wrong length')
      if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === 'scrypt'))
        throw new Error('a passphrase has to be alone')
      return { stanzas, mac, signedBytes: begin + 3, bytes: at }
    }
    if (!/^->( [!-~]+)+$/.test(line)) throw new Error('a stanza is malformed')
    stanzas.push({ args: line.slice(3).split(' '), body: bodyOf(nextLine) })
  }
}

function bodyOf(nextLine: () => string): Uint8Array {
  let text = ''
  for (;;) {
    const line = nextLine()
    if (line.length > COLUMNS) throw new Error('a line is too long')
    text += line
    if (line.length < COLUMNS) return decode64(text)
  }
}

export function encode64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** Canonical and without padding, or it throws: two texts for the same bytes would be two files. */
export function decode64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (encode64(bytes) !== text) throw new Error('that is no canonical base64')
  return bytes
}

/** An age file in letters (`age -a`): a strict form of PEM. Space around it is allowed. Throws where it is not that. */
export function decodeArmor(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n').trim()
  const lines = text.split('\n')
  if (lines.shift() !== '-----BEGIN AGE ENCRYPTED FILE-----') throw new Error('the armor has no beginning')
  if (lines.pop() !== '-----END AGE ENCRYPTED FILE-----') throw new Error('the armor has no end')
  const last = lines.pop() ?? ''
  if (last === '' || last.length > COLUMNS || lines.some((line) => line.length !== COLUMNS))
    throw new Error('the lines of the armor are of a wrong length')
  const whole = lines.join('') + last
  const decoded = Buffer.from(whole, 'base64')
  if (decoded.toString('base64') !== whole) throw new Error('the armor is no canonical base64')
  return decoded
}
