import { BadDataError } from '../base/errors.ts'
import type { ObjectStore, StoreOptions } from '../store/store.ts'
import type { Head } from './head.ts'
import { HEAD_BYTES, parseHead } from './head-format.ts'

/** One name in a store: its head, or why that cannot be read. */
export type Named =
  | { name: string; head: Head; damage: null }
  | { name: string; head: null; damage: BadDataError }

const HEAD = /^([^/]+)\/head\.json$/

/** Every session that a store holds, by its name, in order. Asks for every key: a request per thousand objects. */
export async function* listNames(store: ObjectStore, options: StoreOptions = {}): AsyncIterable<Named> {
  for await (const key of store.list('', options)) {
    const name = HEAD.exec(key)?.[1]
    if (name === undefined) continue
    try {
      const found = await store.get(key, { ...options, maxBytes: HEAD_BYTES })
      if (found) yield { name, head: parseHead(found.bytes), damage: null }
    } catch (error) {
      if (!(error instanceof BadDataError)) throw error
      yield { name, head: null, damage: error }
    }
  }
}
