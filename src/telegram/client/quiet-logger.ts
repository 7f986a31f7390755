import { Logger, LogLevel } from 'telegram/extensions/Logger.js'
import type { LogSink } from './log-sink.ts'

/** Said at every ordinary end and reconnection. */
const ROUTINE = /^(Disconnecting\.\.\.|\[Reconnect\] Closing current connection\.\.\.)$/

/** GramJS's logger without the chatter: warnings and errors go to `sink`, nothing goes to the console. */
export class QuietLogger extends Logger {
  readonly #sink: LogSink

  constructor(sink: LogSink) {
    super(LogLevel.NONE)
    this.#sink = sink
  }

  /** Where this says yes, GramJS prints whole error objects to the console, past any logger. */
  override canSend(): boolean {
    return false
  }

  override _log(level: LogLevel, message: string): void {
    if ((level === LogLevel.WARN || level === LogLevel.ERROR) && !ROUTINE.test(message))
      this.#sink(level === LogLevel.WARN ? 'warn' : 'error', message)
  }
}
