import { UnsupportedError } from '../../base/errors.ts'

/** Of what a service says besides the bytes of an object: an error, a page of a listing (1000 keys of 1 KiB). */
export const ANSWER_BYTES = 8 * 1024 * 1024
/** Of one listing, of 1000 keys each. */
const MOST_PAGES = 1000
const WINDOW_MS = 15_000
const LEAST_BYTES_IN_WINDOW = 1024

/**
 * The parts as they come. Throws an error with the code ETIMEDOUT for an answer that trickles, which no limit of idle time
 * ends: less than 1 KiB in 15 s.
 */
export async function* steady(
  parts: AsyncIterable<Uint8Array>,
  now = (): number => performance.now(),
): AsyncIterable<Uint8Array> {
  let since = now()
  let bytes = 0
  for await (const part of parts) {
    bytes += part.length
    yield part
    if (now() - since < WINDOW_MS) continue
    if (bytes < LEAST_BYTES_IN_WINDOW) throw failed('the answer trickles', 'ETIMEDOUT')
    since = now()
    bytes = 0
  }
}

/** The same for an answer that is read as a whole. Throws an error with the code EMSGSIZE beyond `maxBytes`. */
export async function* limited(
  parts: AsyncIterable<Uint8Array>,
  maxBytes = ANSWER_BYTES,
): AsyncIterable<Uint8Array> {
  let bytes = 0
  for await (const part of steady(parts)) {
    bytes += part.length
    if (bytes > maxBytes) throw failed('the answer is too long', 'EMSGSIZE')
    yield part
  }
}

/** Told before each page of a listing; throws for one that does not end, or does not go on. */
export class Pages {
  readonly #label: string
  #count = 0
  #last: string | undefined

  constructor(label: string) {
    this.#label = label
  }

  /** @throws UnsupportedError `store.endless_listing` */
  next(token: string | undefined): void {
    const isSame = token !== undefined && token === this.#last
    this.#last = token
    this.#count += 1
    if (!isSame && this.#count <= MOST_PAGES) return
    throw new UnsupportedError('store.endless_listing', `${this.#label}: its listing does not end`, {
      hint: 'Check that the endpoint is the service that it should be. A prefix for tgsession alone holds a few objects.',
    })
  }
}

function failed(message: string, code: string): Error {
  return Object.assign(new Error(message), { code })
}
