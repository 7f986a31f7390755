import { checkKey, compareKeys } from '../shared/key.ts'
import { conflict, tooLarge } from '../shared/errors.ts'
import type { GetOptions, ObjectStore, StoredObject, StoreOptions, Version } from '../store.ts'
import { toVersion } from '../shared/version.ts'

/** A store that ends with the process: for tests and trials. Hand the same instance to several clients to share it. */
export class MemoryStore implements ObjectStore {
  readonly label: string
  readonly #objects = new Map<string, StoredObject>()
  #writes = 0

  constructor(label = 'memory:') {
    this.label = label
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    checkKey(key)
    await turn(options)
    const found = this.#objects.get(key)
    if (found === undefined) return null
    const { length } = found.bytes
    if (options.maxBytes !== undefined && length > options.maxBytes)
      throw tooLarge(this.label, key, options.maxBytes)
    options.onProgress?.(length, length)
    return { bytes: new Uint8Array(found.bytes), version: found.version }
  }

  async put(
    key: string,
    bytes: Uint8Array,
    condition: 'absent' | Version,
    options: StoreOptions = {},
  ): Promise<Version> {
    checkKey(key)
    // Of a Buffer slice() is no copy.
    const copy = new Uint8Array(bytes)
    await turn(options)
    const current = this.#objects.get(key)?.version ?? 'absent'
    if (current !== condition) throw conflict(this.label, key)
    this.#writes += 1
    const version = toVersion(String(this.#writes))
    this.#objects.set(key, { bytes: copy, version })
    options.onProgress?.(copy.length, copy.length)
    return version
  }

  async delete(key: string, options: StoreOptions = {}): Promise<void> {
    checkKey(key)
    await turn(options)
    this.#objects.delete(key)
  }

  async *list(prefix: string, options: StoreOptions = {}): AsyncIterable<string> {
    await turn(options)
    for (const key of [...this.#objects.keys()]
      .filter((name) => name.startsWith(prefix))
      .toSorted(compareKeys)) {
      options.signal?.throwIfAborted()
      yield key
    }
  }

  async close(): Promise<void> {}
}

/** Lets others run first, as a store across a network does: a caller that relies on no turn in between shows up. */
async function turn(options: StoreOptions): Promise<void> {
  options.signal?.throwIfAborted()
  await new Promise((resolve) => setImmediate(resolve))
  options.signal?.throwIfAborted()
}
