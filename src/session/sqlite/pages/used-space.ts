/** Which bytes of one page are used: as many as there should be, and none of them twice. */
export class UsedSpace {
  /** Where a span begins, and how long it is, less 1. No page has more bytes than this has places. */
  readonly #spans = new Uint32Array(65_536)
  #count = 0
  #total = 0
  #lowest = Infinity
  #descends = true

  clear(): void {
    this.#count = 0
    this.#total = 0
    this.#lowest = Infinity
    this.#descends = true
  }

  /** `start` is counted from the beginning of the page. */
  add(start: number, size: number): void {
    // As SQLite writes them, each below the one before.
    if (start + size > this.#lowest) this.#descends = false
    this.#lowest = start
    this.#total += size
    this.#spans[this.#count++] = start * 65_536 + size - 1
  }

  isExactly(total: number): boolean {
    return this.#total === total && (this.#descends || this.#isApart())
  }

  #isApart(): boolean {
    let end = 0
    for (const span of this.#spans.subarray(0, this.#count).toSorted()) {
      const start = Math.floor(span / 65_536)
      if (start < end) return false
      end = start + (span % 65_536) + 1
    }
    return true
  }
}
