/**
 * Remembers attempts to log in across restarts and hosts, so that Telegram is never asked more often than it likes.
 * Whoever starts a login hands it in.
 */
export interface AttemptLog {
  /** Written before anything is sent to Telegram. Throws if no attempt may be made now: the login then stops. */
  begin(): Promise<void>
  /**
   * A code is about to be asked for `phone` (+ and digits), or a session of its account to let another one in. Throws if
   * that may not be asked now; then it is not.
   */
  sending?(phone: string): Promise<void>
  /** Telegram wants no further attempt before `until`. */
  blocked(until: Date): Promise<void>
  /** The attempt came to nothing; `code` is that of the error, or `login.cancelled`. */
  failed?(code: string): Promise<void>
}
