import type { Clock } from '../../src/base/clock.ts'

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

  /** Runs until nothing is due before `untilMs`, or `isOver`. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    while (!isOver()) {
      await new Promise(setImmediate)
      const next = this.#timers[0]
      if (!next || next.at > untilMs) break
      this.#pop()
      this.now = next.at
      next.fire()
    }
    this.now = untilMs
  }

  /** One machine's clocks; its wall clock is wrong by `skewMs`. */
  clock(options: { skewMs?: number } = {}): SimMachine {
    return new SimMachine(this, options.skewMs ?? 0)
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

/**
 * The clocks of one machine, which may be suspended: then its monotonic clock and its timers stand still, its wall
 * clock does not, and nothing runs on it.
 */
export class SimMachine implements Clock {
  readonly #time: SimTime
  readonly #skewMs: number
  #frozenMs = 0
  #frozenAt: number | undefined
  #wake: (() => void)[] = []

  constructor(time: SimTime, skewMs: number) {
    this.#time = time
    this.#skewMs = skewMs
  }

  now(): number {
    return (this.#frozenAt ?? this.#time.now) - this.#frozenMs
  }

  wall(): number {
    return Date.UTC(2026, 0, 1) + this.#time.now + this.#skewMs
  }

  get suspended(): boolean {
    return this.#frozenAt !== undefined
  }

  suspend(ms: number): void {
    this.#frozenAt = this.#time.now
    this.#time.at(this.#time.now + ms, () => {
      this.#frozenAt = undefined
      this.#frozenMs += ms
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  /** What reaches a suspended machine is seen when it wakes up. */
  async awake(): Promise<void> {
    while (this.suspended) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const dueAt = this.now() + ms
      let timer: Timer
      const abort = (): void => {
        this.#time.cancel(timer)
        reject(signal?.reason)
      }
      const due = (): void => {
        if (this.suspended) return void this.#wake.push(due)
        const left = dueAt - this.now()
        // Less is a rounding error, and would come due at this very moment again.
        if (left > 0.001) return void (timer = this.#time.at(this.#time.now + left, due))
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      timer = this.#time.at(this.#time.now + ms, due)
      signal?.addEventListener('abort', abort, { once: true })
    })
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

/** A clock that differs from `base` in some respect. */
export function altered(base: Clock, changes: Partial<Clock>): Clock {
  return {
    now: () => base.now(),
    wall: () => base.wall(),
    sleep: (ms, signal) => base.sleep(ms, signal),
    ...changes,
  }
}
