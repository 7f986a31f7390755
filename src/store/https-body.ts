import { type HttpAnswer } from './https-client.ts'
import { tooLarge } from './store-errors.ts'
import { type GetOptions, MAX_OBJECT_BYTES } from './store.ts'

const SHOWN = 2048

/** The whole body; `total` is its length in bytes where the service has told it. */
export async function readWholeBody(
  body: AsyncIterable<Uint8Array>,
  total: number | undefined,
  { label, key }: { label: string; key: string },
  options: GetOptions,
): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? MAX_OBJECT_BYTES
  if ((total ?? 0) > maxBytes) throw tooLarge(label, key, maxBytes)
  const parts: Uint8Array[] = []
  let done = 0
  for await (const part of body) {
    options.signal?.throwIfAborted()
    done += part.length
    if (done > maxBytes) throw tooLarge(label, key, maxBytes)
    parts.push(part)
    options.onProgress?.(done, total)
  }
  return new Uint8Array(Buffer.concat(parts, done))
}

/** The beginning of what a service says besides its status: enough to tell what it means. */
export async function readStart(answer: HttpAnswer): Promise<string> {
  const parts: Uint8Array[] = []
  let done = 0
  for await (const part of answer.body) {
    parts.push(part)
    done += part.length
    if (done >= SHOWN) break
  }
  return Buffer.concat(parts).subarray(0, SHOWN).toString()
}

/** The members of the object that the service answers with; none where it is no JSON object. */
export async function readJson(answer: HttpAnswer): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = []
  for await (const part of answer.body) parts.push(part)
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString())
    return { ...(typeof value === 'object' ? value : null) }
  } catch {
    return {}
  }
}

export function lengthOf(headers: HttpAnswer['headers']): number | undefined {
  const text = headers['content-length']
  return text === undefined || !/^\d{1,15}$/.test(text) ? undefined : Number(text)
}
