import { setImmediate as immediate } from 'node:timers/promises'
import type { Handout } from './manager.ts'

export interface GapBufferOptions<T> {
  /** Makes ready what `dispatch` needs, so that no update waits for that and is overtaken. */
  prepare: () => Promise<void>
  /** Calls the handlers; resolves when the last has settled. */
  dispatch: (item: T) => Promise<void>
  /** Remembers that this update, and all before it, need not be handed out again. */
  commit: (row: NonNullable<Handout<T>['row']>) => void
  /** True once nothing may be handed out any more. */
  isOver: () => boolean
  onError: (error: unknown) => void
  /** Milliseconds that never jump. */
  now: () => number
  /** A handler that takes longer counts as done. */
  patienceMs: number
}

interface Open<T> {
  row: Handout<T>['row']
  isDone: boolean
  since: number
  work: Promise<void>
}

const DONE = Promise.resolve()

/**
 * Calls the handlers in order: those of one update have run up to their first wait before the next is begun, but are
 * not waited for, since a handler may itself wait for an update. What was handed out is remembered only when the
 * handlers of it and of all before it have settled, so that a kill in between loses nothing.
 */
export class GapBuffer<T> {
  readonly #options: GapBufferOptions<T>
  readonly #queue: Handout<T>[] = []
  readonly #open: Open<T>[] = []
  #running: Promise<void> | undefined
  #isStarted = false

  constructor(options: GapBufferOptions<T>) {
    this.#options = options
  }

  start(): void {
    this.#isStarted = true
    this.#run()
  }

  push(handouts: readonly Handout<T>[]): void {
    this.#queue.push(...handouts)
    this.#run()
  }

  /** Resolves when everything that is known now has been handed out. */
  async handedOut(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Resolves when every handler called so far has settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#open.map(({ work }) => work))
  }

  /** As if every handler called so far had settled. */
  commitAll(): void {
    for (const open of this.#open) open.isDone = true
    this.#commit()
  }

  #run(): void {
    if (!this.#isStarted || this.#running || this.#queue.length === 0 || this.#options.isOver()) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      this.#run()
    })
  }

  async #work(): Promise<void> {
    for (;;) {
      // Never in the turn in which the client takes an update in.
      await immediate()
      await this.#prepared()
      const next = this.#options.isOver() ? undefined : this.#queue.shift()
      if (!next) return
      const isDone = next.item === undefined
      const open: Open<T> = { row: next.row, isDone, since: this.#options.now(), work: DONE }
      this.#open.push(open)
      if (next.item !== undefined) open.work = this.#handOut(next.item, open)
      this.#commit()
    }
  }

  async #prepared(): Promise<void> {
    try {
      await this.#options.prepare()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  async #handOut(item: T, open: Open<T>): Promise<void> {
    try {
      await this.#options.dispatch(item)
    } catch (error) {
      this.#options.onError(error)
    }
    open.isDone = true
    this.#commit()
  }

  #commit(): void {
    const { now, patienceMs, commit, onError } = this.#options
    for (;;) {
      const [first] = this.#open
      if (!first || !(first.isDone || now() - first.since > patienceMs)) return
      this.#open.shift()
      try {
        if (first.row) commit(first.row)
      } catch (error) {
        onError(error)
      }
    }
  }
}
