/** An update that moves a counter of Telegram's from `end - count` to `end`. */
export interface Step<T> {
  end: number
  /** 0 for an update that moves nothing and yet has its place. */
  count: number
  item: T
}

/** More than this is not kept while something is missing: the difference brings it anyway. */
const MOST_WAITING = 5_000

/**
 * One of Telegram's counters (pts, qts, seq, a channel's pts) and the updates that wait for a missing one before
 * them (https://core.telegram.org/api/updates). The first step that it sees sets it, if nothing did before.
 */
export class SequenceBox<T> {
  #value: number | undefined
  #waiting: Step<T>[] = []
  #isHeld = false

  constructor(value?: number) {
    this.#value = value
  }

  get value(): number | undefined {
    return this.#value
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Something is missing, and is not yet being fetched. */
  get hasGap(): boolean {
    return !this.#isHeld && this.#waiting.length > 0
  }

  /** From now on everything waits: a difference is on its way. */
  hold(): void {
    this.#isHeld = true
  }

  /** What can be handed out now, in order: nothing that was handed out before, and nothing before its turn. */
  take(step: Step<T>): T[] {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(step)
    if (this.#isHeld) return []
    this.#value ??= step.end - step.count
    return this.#inOrder()
  }

  /** A difference covered everything up to `value`; what waits stays held. */
  moveTo(value: number): void {
    this.#value = value
  }

  /** Nothing is fetched any more: what came meanwhile, less what the difference had. */
  release(): T[] {
    this.#isHeld = false
    const [first] = this.#sort()
    if (this.#value === undefined && first) this.#value = first.end - first.count
    return this.#inOrder()
  }

  /**
   * The counter is `value` now, and nobody will tell what led there: all that waits is news, except what was handed
   * out before. Without a value whatever waits sets it.
   */
  jumpTo(value?: number): T[] {
    this.#isHeld = false
    const told: T[] = []
    let reached = this.#value ?? -Infinity
    const later: Step<T>[] = []
    for (const step of this.#sort()) {
      const start = step.end - step.count
      if (value !== undefined && start >= value) later.push(step)
      else if (start >= reached) {
        told.push(step.item)
        reached = step.end
      }
    }
    this.#waiting = later
    const known = Math.max(value ?? -Infinity, told.length > 0 ? reached : -Infinity)
    this.#value = known === -Infinity ? undefined : known
    return [...told, ...this.#inOrder()]
  }

  #inOrder(): T[] {
    const ready: T[] = []
    const waiting = this.#sort()
    let used = 0
    for (const { end, count, item } of waiting) {
      const start = end - count
      if (this.#value !== undefined && start > this.#value) break
      used++
      if (start !== this.#value) continue
      ready.push(item)
      this.#value = end
    }
    this.#waiting = waiting.slice(used)
    return ready
  }

  #sort(): Step<T>[] {
    return this.#waiting.toSorted((a, b) => a.end - a.count - (b.end - b.count) || a.count - b.count)
  }
}
