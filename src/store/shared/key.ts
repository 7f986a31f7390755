import { badKey } from './errors.ts'

/** S3's limit, which is the smallest of all backends. */
const MAX_KEY_BYTES = 1024

/**
 * Throws `ConfigurationError` (`store.bad_key`) for a key that some backend could not hold or could confuse with
 * another. The same rule everywhere, so that a key that works in one store works in all of them.
 */
export function checkKey(key: string): void {
  if (key === '') throw badKey(key, 'is empty')
  if (!key.isWellFormed()) throw badKey(key, 'is not valid Unicode')
  if (key.includes('\0')) throw badKey(key, 'holds a NUL character')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw badKey(key, `is longer than ${MAX_KEY_BYTES} bytes`)
  for (const name of key.split('/'))
    if (name === '' || name === '.' || name === '..')
      throw badKey(key, `holds the name ${JSON.stringify(name)}`)
}

/** Ascending order of UTF-8 bytes, which is not JavaScript's own order of UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
