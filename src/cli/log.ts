import type { Report } from '../run/report.ts'

/** One logfmt line per event where nobody watches; something to read where somebody does. */
export function eventLog(stream: NodeJS.WriteStream, fixed: Record<string, string>): Report {
  return stream.isTTY
    ? (event, fields = {}) => stream.write(`${dim('tgsession')} ${event} ${logfmt(fields)}\n`)
    : (event, fields = {}) => stream.write(`${logfmt({ at: 'tgsession', event, ...fixed, ...fields })}\n`)
}

function dim(text: string): string {
  return process.env['NO_COLOR'] ? text : `\u001b[2m${text}\u001b[22m`
}

/** `key=value`, quoted where a reader of logfmt would split it. */
export function logfmt(fields: Record<string, string | number | boolean | null>): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = String(value)
      return `${name}=${/[\s"=]|^$/.test(text) ? JSON.stringify(text) : text}`
    })
    .join(' ')
}
