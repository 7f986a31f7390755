import type { SentFile, SentFileKey } from '../../session/core/storage.ts'

/** Telethon's numbers of them (telethon/sessions/memory.py, _SentFileType). */
export const SENT_FILE_TYPES = { document: 0, photo: 1 } as const

/** The largest size that the 32-bit column of Python's table takes. */
export const LARGEST_SIZE = 2 ** 31 - 1

/** Names of rows of tgsession_values. */
export const DEAD = 'dead'
export const TAKEOUT = 'takeout_id'
export const OTHER_KEY = 'auth_key:'
const LARGE_FILE = 'sent_file:'

/** A sent file too large for Python's table. */
export function largeFileName({ md5, size, kind }: SentFileKey): string {
  return `${LARGE_FILE}${kind}:${size}:${Buffer.from(md5).toString('hex')}`
}

export function largeFileValue({ id, hash }: SentFile): Uint8Array {
  return Buffer.from(`${id}:${hash}`)
}

/** Undefined for a row that is none of these. */
export function parseLargeFile(name: string, value: Uint8Array): [SentFileKey, SentFile] | undefined {
  const key = /^sent_file:(document|photo):(\d+):([0-9a-f]{32})$/.exec(name)
  const file = /^(-?\d+):(-?\d+)$/.exec(Buffer.from(value).toString())
  if (key === null || file === null) return undefined
  const [, kind = '', size = '', md5 = ''] = key
  const [, id = '', hash = ''] = file
  const md5Bytes = Uint8Array.from(Buffer.from(md5, 'hex'))
  return [
    { kind: kind === 'photo' ? 'photo' : 'document', size: Number(size), md5: md5Bytes },
    { id: BigInt(id), hash: BigInt(hash) },
  ]
}
