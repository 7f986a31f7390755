export interface SqlResult {
  rows: unknown[]
  /** How many rows an INSERT, UPDATE or DELETE has met. */
  affected: number
}

/** One connection to a database. It is opened once, used for one statement at a time, and never used again after an end. */
export interface SqlConnection {
  open(): Promise<void>
  query(sql: string, parameters: readonly unknown[]): Promise<SqlResult>
  /** False once the other side has gone. */
  readonly usable: boolean
  /** Whether it keeps Node alive. */
  hold(on: boolean): void
  /** Says goodbye, as far as that is possible without waiting. */
  end(): void
  /** Cuts it off at once, whatever it is doing. */
  destroy(): void
}
