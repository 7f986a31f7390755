import { show } from '../../base/show.ts'

/** Receives what GramJS warns of; the text holds no secret. */
export type LogSink = (level: 'warn' | 'error', message: string) => void

export const logToStderr: LogSink = (level, message) => {
  process.stderr.write(`telegram ${level}: ${show(message)}\n`)
}
