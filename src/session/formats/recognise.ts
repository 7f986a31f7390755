import { decodeText } from '../../base/input.ts'
import { nearString } from './strings/near-string.ts'
import { recogniseString } from './strings/session-string.ts'

/** What some bytes are, from how they begin. Says nothing of whether they are whole. */
export type Recognised =
  | { kind: 'sqlite' }
  | { kind: 'empty' }
  | { kind: 'encrypted'; name: string }
  /** `text` is a secret. */
  | { kind: 'string'; name: string; text: string }
  | { kind: 'foreign'; name: string }
  | { kind: 'unknown' }

const SQLITE_MAGIC = 'SQLite format 3\0'

/** Beginnings of binary files, in hex. */
const BINARY: readonly (readonly [string, string])[] = [
  ['28b52ffd', 'zstd-compressed data'],
  ['1f8b', 'gzip-compressed data'],
  ['504b0304', 'a zip archive'],
  ['504b0506', 'an empty zip archive'],
  ['fd377a585a00', 'xz-compressed data'],
  ['425a68', 'bzip2-compressed data'],
  ['377f0682', "SQLite's -wal file, a part of a database"],
  ['377f0683', "SQLite's -wal file, a part of a database"],
  ['d9d505f920a163d7', "SQLite's -journal file, a part of a database"],
  ['54444624', 'a file of Telegram Desktop (tdata)'],
]

const TEXT: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(?:!doctype html|html)/i, 'an HTML page'],
  [/^\s*<\?xml|^\s*<Error>/i, 'an XML document (an answer of a store?)'],
  [/^\s*[{[]/, 'a JSON document'],
  [/^AGE-SECRET-KEY-1/, 'an age secret key'],
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer'],
]

export function recognise(bytes: Uint8Array): Recognised {
  if (bytes.length === 0) return { kind: 'empty' }
  const head = Buffer.from(bytes.subarray(0, 4096))
  const start = head.toString('latin1').replace(/^\xef\xbb\xbf/, '')
  if (start.startsWith(SQLITE_MAGIC) || SQLITE_MAGIC.startsWith(start)) return { kind: 'sqlite' }
  if (start.startsWith('age-encryption.org/') || start.startsWith('-----BEGIN AGE ENCRYPTED FILE'))
    return { kind: 'encrypted', name: 'an age-encrypted file' }
  const hex = head.subarray(0, 16).toString('hex')
  const binary = BINARY.find(([magic]) => hex.startsWith(magic))
  if (binary !== undefined) return { kind: 'foreign', name: binary[1] }
  const text = decodeText(head)
  // oxlint-disable-next-line no-control-regex
  return text !== null && !/[\u0000-\u0008\u000e-\u001f]/.test(text)
    ? recogniseText(text, bytes.length)
    : binaryGuess(bytes)
}

function recogniseText(start: string, bytes: number): Recognised {
  const text = TEXT.find(([pattern]) => pattern.test(start))
  if (text !== undefined) return { kind: 'foreign', name: text[1] }
  const string = bytes < 4096 ? recogniseString(start) : undefined
  if (string !== undefined) return { kind: 'string', name: string.name, text: start }
  return { kind: 'foreign', name: nearString(start) ?? 'a text' }
}

/** SQLCipher and its like have no header; what shows is that whole pages look like noise. */
function binaryGuess(bytes: Uint8Array): Recognised {
  const sample = bytes.subarray(0, 4096)
  const noise = bytes.length % 1024 === 0 && new Set(sample).size > 0.95 * Math.min(256, sample.length * 0.25)
  return noise
    ? { kind: 'encrypted', name: 'noise, as an encrypted database (SQLCipher) is' }
    : { kind: 'unknown' }
}
