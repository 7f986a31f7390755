import { createHash, randomUUID } from 'node:crypto'
import { type HttpAnswer, inChunks } from '../http/client.ts'
import type { OnProgress } from '../store.ts'

/**
 * An object with its metadata as one request: https://cloud.google.com/storage/docs/json_api/v1/how-tos/multipart-upload.
 * The service refuses it where other bytes arrive than were sent.
 */
export class FirebaseUpload {
  readonly headers: Record<string, string>
  readonly #parts: readonly [head: Uint8Array, bytes: Uint8Array, tail: Uint8Array]
  readonly #onProgress: OnProgress | undefined

  constructor(bytes: Uint8Array, onProgress: OnProgress | undefined) {
    const boundary = randomUUID()
    const metadata = {
      contentType: 'application/octet-stream',
      cacheControl: 'no-store',
      md5Hash: md5(bytes),
    }
    const head = Buffer.from(
      `--${boundary}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n` +
        `--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`,
    )
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
    this.headers = {
      'content-type': `multipart/related; boundary=${boundary}`,
      'content-length': String(head.length + bytes.length + tail.length),
    }
    this.#parts = [head, bytes, tail]
    this.#onProgress = onProgress
  }

  /** Again for each try. */
  body(): AsyncIterable<Uint8Array> {
    const [head, bytes] = this.#parts
    return inChunks(this.#parts, (sent) => {
      this.#onProgress?.(Math.min(Math.max(0, sent - head.length), bytes.length), bytes.length)
    })
  }
}

/** `x-goog-hash: crc32c=…,md5=…` is of what is stored; composed objects have no md5. */
export function checkDownload(bytes: Uint8Array, headers: HttpAnswer['headers']): void {
  if ((headers['x-goog-stored-content-encoding'] ?? 'identity') !== 'identity') return
  const expected = /(?:^|[,\s])md5=([^,\s]+)/.exec(String(headers['x-goog-hash'] ?? ''))?.[1]
  if (expected !== undefined && expected !== md5(bytes))
    throw Object.assign(new Error('damaged on the way'), { code: 'EBADMSG' })
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}
