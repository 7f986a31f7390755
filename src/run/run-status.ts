import type { Clock } from '../base/clock.ts'
import type { StatusSnapshot } from '../http/status-port.ts'
import type { Report } from '../base/life/report.ts'

type Fields = Record<string, string | number | boolean | null>

/** The state of the wrapper, gathered from its reports. */
export class RunStatus {
  readonly #clock: Clock
  #lease = false
  #generation: number | null = null
  #revision: number | null = null
  #bytes: number | null = null
  #savedAt: number | undefined
  #waits = 0
  #conflicts = 0
  #starts = 0
  #waitingFor: string | null = 'it is starting'
  #dead = false
  #frozen = false
  #floodWaitUntil: number | null = null
  readonly #storeErrors: Record<string, number> = {}

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

  /** As health and metrics want it; `renewals` is what the lease itself knows. */
  snapshot(renewals: number): StatusSnapshot {
    const { age } = this.fields
    return {
      waitingFor: this.#waitingFor,
      leaseHeld: this.#lease,
      waits: this.#waits,
      renewals: this.#lease ? renewals : 0,
      savedSecondsAgo: typeof age === 'number' ? age : null,
      savedBytes: this.#bytes,
      revision: this.#revision,
      restarts: Math.max(0, this.#starts - 1),
      conflicts: this.#conflicts,
      storeErrors: { ...this.#storeErrors },
      dead: this.#dead,
      frozen: this.#frozen,
      floodWaitUntil: this.#floodWaitUntil,
    }
  }

  /** The store failed, perhaps for a moment only. Counts every failure, though not every one is reported. */
  noteStoreError(code: string): void {
    this.#storeErrors[code] = (this.#storeErrors[code] ?? 0) + 1
  }

  /** In process there is no command: the program goes on by itself. */
  noteOpened(): void {
    this.#starts++
    this.#waitingFor = null
  }

  /** Calls `tell` once a minute until the signal fires. */
  async everyMinute(tell: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      await this.#clock.sleep(60_000, signal).then(tell, (error: unknown) => {
        if (!signal.aborted) throw error
      })
  }

  #note(event: string, fields: Fields): void {
    const { generation, revision, bytes, code, because } = fields
    switch (event) {
      case 'lease.waiting':
        this.#waits++
        this.#waitingFor = `the session is in use by ${fields['holder']} since ${fields['since']}`
        break
      case 'import.waiting':
        this.#waitingFor = String(fields['message'])
        break
      case 'session.waiting':
        this.#waits++
        this.#waitingFor = String(fields['for'])
        break
      case 'command.started':
        this.#starts++
        this.#waitingFor = null
        break
      case 'command.ended':
        this.#waitingFor = 'the command has ended'
        break
      case 'key.asked':
        this.#dead = fields['state'] === 'dead'
        this.#frozen = fields['state'] === 'frozen'
        this.#floodWaitUntil =
          typeof fields['seconds'] === 'number'
            ? Math.round(this.#clock.wall() / 1000) + fields['seconds']
            : null
        break
      case 'key.dead':
        this.#dead = true
        break
      case 'lease.taken':
        this.#lease = true
        this.#waitingFor = 'the session is being fetched'
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
        if (event === 'session.restored') this.#dead = this.#frozen = false
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
