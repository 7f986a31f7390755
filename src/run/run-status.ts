import type { Clock } from '../base/clock.ts'
import type { Report } from './report.ts'

type Fields = Record<string, string | number | boolean | null>

/** How things stand, gathered from what is reported. */
export class RunStatus {
  readonly #clock: Clock
  #lease = false
  #generation: number | null = null
  #revision: number | null = null
  #bytes: number | null = null
  #savedAt: number | undefined
  #waits = 0
  #conflicts = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes what passes by, and hands it on. */
  following(report: Report): Report {
    return (event, fields = {}) => {
      this.#note(event, fields)
      report(event, fields)
    }
  }

  /**
   * `age`: seconds since the last save; null before the first. `conflicts`: how often somebody else came in between, by
   * taking the lease or by storing another session.
   */
  get fields(): Fields {
    const age = this.#savedAt === undefined ? null : Math.round((this.#clock.now() - this.#savedAt) / 1000)
    return {
      lease: this.#lease,
      generation: this.#generation,
      revision: this.#revision,
      age,
      bytes: this.#bytes,
      waits: this.#waits,
      conflicts: this.#conflicts,
    }
  }

  /** Calls `tell` once a minute until the signal fires. */
  async everyMinute(tell: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      await this.#clock.sleep(60_000, signal).then(tell, (error: unknown) => {
        if (!signal.aborted) throw error
      })
  }

  #note(event: string, { generation, revision, bytes, code, because }: Fields): void {
    switch (event) {
      case 'lease.waiting':
      case 'session.waiting':
        this.#waits++
        break
      case 'lease.taken':
        this.#lease = true
        this.#generation = Number(generation)
        break
      case 'lease.lost':
        this.#lease = false
        if (code === 'lease.lost') this.#conflicts++
        break
      case 'lease.released':
      case 'lease.release_failed':
        this.#lease = false
        break
      case 'session.restored':
      case 'session.saved':
        this.#revision = typeof revision === 'number' ? revision : null
        this.#bytes = Number(bytes)
        if (event === 'session.saved') this.#savedAt = this.#clock.now()
        break
      case 'session.again':
        if (because === 'replaced') this.#conflicts++
        break
      default:
        break
    }
  }
}
