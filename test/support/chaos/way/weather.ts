import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** What a dyno's way to a folder store is like: the harness writes it down, the dyno's own processes read it (preload.ts). */
export interface Weather {
  /** Nothing is done; what was asked is done when this is over, however late that is. */
  isSilent: boolean
  /** The same for writes of the head alone. */
  holdsWrites: boolean
  /** Milliseconds that every other write of the head takes before it is done. */
  slowMs: number
}

const FAIR: Weather = { isSilent: false, holdsWrites: false, slowMs: 0 }

export class WeatherFile {
  readonly #file: string
  #now = FAIR

  constructor(file: string) {
    this.#file = file
    this.set({})
  }

  set(change: Partial<Weather>): void {
    this.#now = { ...this.#now, ...change }
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#now))
    renameSync(`${this.#file}.new`, this.#file)
  }

  /** What it is now, in another process; fair where the harness has gone. */
  static read(file: string): Weather {
    try {
      return JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      return FAIR
    }
  }
}
