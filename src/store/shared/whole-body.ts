import { tooLarge } from './errors.ts'
import { steady } from './limits.ts'
import { type GetOptions, MAX_OBJECT_BYTES } from '../store.ts'

const FIRST_BYTES = 64 * 1024

/**
 * The whole body; `total` is its length in bytes where the service has told it. Filled as it comes: to keep the parts and
 * join them would take the memory twice. Throws `store.too_large`, or an error with the code ECONNRESET where it is cut short.
 */
export async function readWholeBody(
  body: AsyncIterable<Uint8Array>,
  total: number | undefined,
  { label, key }: { label: string; key: string },
  { maxBytes = MAX_OBJECT_BYTES, signal, onProgress }: GetOptions,
): Promise<Uint8Array> {
  if ((total ?? 0) > maxBytes) throw tooLarge(label, key, maxBytes)
  let bytes = new Uint8Array(total ?? FIRST_BYTES)
  let done = 0
  for await (const part of steady(body)) {
    signal?.throwIfAborted()
    const end = done + part.length
    if (end > maxBytes) throw tooLarge(label, key, maxBytes)
    if (end > bytes.length) bytes = larger(bytes, end)
    bytes.set(part, done)
    done = end
    onProgress?.(done, total)
  }
  if (total !== undefined && done !== total)
    throw Object.assign(new Error('cut short'), { code: 'ECONNRESET' })
  return bytes.subarray(0, done)
}

function larger(bytes: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(2 * bytes.length, atLeast))
  grown.set(bytes)
  return grown
}
