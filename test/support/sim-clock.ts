import type { Clock } from '../../src/clock.ts'

interface Timer {
  at: number
  order: number
  fire: () => void
}

/** Virtual time: days pass as fast as the code under test can use them, in the same order for the same seed. */
export class SimTime {
  now = 0
  #order = 0
  readonly #timers: Timer[] = []

  at(ms: number, fire: () => void): Timer {
    const timer = { at: Math.max(ms, this.now), order: this.#order++, fire }
    this.#push(timer)
    return timer
  }

  cancel(timer: Timer): void {
    timer.fire = () => undefined
  }

  /** Runs until nothing is due before `untilMs`. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate)
      const next = this.#timers[0]
      if (!next || next.at > untilMs) break
      this.#pop()
      this.now = next.at
      next.fire()
    }
    this.now = untilMs
  }

  /** One machine's clocks. `rate` is how fast its monotonic clock runs, `skewMs` how wrong its wall clock is. */
  clock(options: { skewMs?: number } = {}): Clock {
    const skewMs = options.skewMs ?? 0
    return {
      now: () => this.now,
      wall: () => Date.UTC(2026, 0, 1) + this.now + skewMs,
      sleep: (ms, signal) =>
        new Promise<void>((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason)
          const abort = (): void => {
            this.cancel(timer)
            reject(signal?.reason)
          }
          const timer = this.at(this.now + ms, () => {
            signal?.removeEventListener('abort', abort)
            resolve()
          })
          signal?.addEventListener('abort', abort, { once: true })
        }),
    }
  }

  // A binary heap: three days of three instances are millions of timers.
  #push(timer: Timer): void {
    const heap = this.#timers
    let index = heap.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (before(heap[parent]!, timer)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A small seeded generator (mulberry32), so that a failing seed can be run again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
