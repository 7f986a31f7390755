const NONE: readonly bigint[] = []

/** Which ids a value has, in the order of adding. Nearly always it is one, which costs no set of its own. */
export class IdsByValue {
  readonly #ids = new Map<string | bigint, bigint | Set<bigint>>()

  of(value: string | bigint): readonly bigint[] {
    const found = this.#ids.get(value)
    if (found === undefined) return NONE
    return typeof found === 'bigint' ? [found] : [...found]
  }

  /** The one that was added last. */
  last(value: string | bigint): bigint | undefined {
    const found = this.#ids.get(value)
    return found === undefined || typeof found === 'bigint' ? found : [...found].at(-1)
  }

  add(value: string | bigint, id: bigint): void {
    const found = this.#ids.get(value)
    if (found === undefined) this.#ids.set(value, id)
    else if (typeof found !== 'bigint') found.add(id)
    else if (found !== id) this.#ids.set(value, new Set([found, id]))
  }

  delete(value: string | bigint, id: bigint): void {
    const found = this.#ids.get(value)
    if (found === id) this.#ids.delete(value)
    else if (found !== undefined && typeof found !== 'bigint') found.delete(id)
  }
}
