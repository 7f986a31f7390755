import { limited } from '../shared/limits.ts'
import { type HttpAnswer } from './client.ts'

const SHOWN = 2048

/** The beginning of what a service says besides its status: enough to tell what it means. */
export async function readStart(answer: HttpAnswer): Promise<string> {
  const parts: Uint8Array[] = []
  let done = 0
  for await (const part of limited(answer.body)) {
    parts.push(part)
    done += part.length
    if (done >= SHOWN) break
  }
  return Buffer.concat(parts).subarray(0, SHOWN).toString()
}

/** The members of the object that the service answers with; none where it is no JSON object. */
export async function readJson(answer: HttpAnswer): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = []
  for await (const part of limited(answer.body)) parts.push(part)
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
