/** The state of the wrapper, as the server reports it. Times are in seconds; null: none yet, or unknown. */
export interface StatusSnapshot {
  /** Why the command does not run, for a person; null while it runs. */
  waitingFor: string | null
  leaseHeld: boolean
  /** How often a session or the lease had to be waited for. */
  waits: number
  /** Of the lease that is held. */
  renewals: number
  savedSecondsAgo: number | null
  savedBytes: number | null
  revision: number | null
  /** Starts of the command after the first. */
  restarts: number
  /** How often another instance wrote in between. */
  conflicts: number
  /** Failures of the store, by the code of the error. */
  storeErrors: Readonly<Record<string, number>>
  /** Telegram ended the auth key. */
  dead: boolean
  /** Telegram made the account read-only. */
  frozen: boolean
  /** Unix time until which Telegram wants to be left alone. */
  floodWaitUntil: number | null
}

/** What health and metrics are asked of. */
export interface StatusPort {
  /** The names that metrics carry: which session, and which instance. */
  readonly labels: { name: string; holder: string }
  snapshot(): StatusSnapshot
}
