import { show, showJson } from '../../base/show.ts'
import type { Clock } from '../../base/clock.ts'
import type { Report } from '../../base/life/report.ts'
import { writeAbove } from './status-line.ts'

/** One logfmt line per event where nobody watches, something to read where somebody does; with `json` one object a line. */
export function eventLog(
  stream: NodeJS.WriteStream,
  fixed: Record<string, string>,
  { json = false }: { json?: boolean | undefined } = {},
): Report {
  if (json)
    return (event, fields = {}) =>
      stream.write(`${showJson({ at: new Date().toISOString(), event, ...fixed, ...fields })}\n`)
  return stream.isTTY
    ? (event, fields = {}) => writeAbove(`${forPeople(event, fields)}\n`, stream)
    : (event, fields = {}) => stream.write(`${logfmt({ at: 'tgsession', event, ...fixed, ...fields })}\n`)
}

type Fields = Record<string, string | number | boolean | null>

/** `tgsession lease waiting: holder=worker.1 …`; sentences as they are, and what to do in a line of its own. */
function forPeople(event: string, { message, for: awaited, hint, ...fields }: Fields): string {
  const told = [message, awaited, Object.keys(fields).length > 0 ? logfmt(fields) : undefined]
  const what = show(told.filter((part) => part !== undefined).join(', '))
  const next = hint === undefined ? '' : `\n  ${dim('→')} ${show(String(hint))}`
  return `${dim('tgsession')} ${event.replaceAll(/[._]/g, ' ')}${what === '' ? '' : `: ${what}`}${next}`
}

function dim(text: string): string {
  return process.env['NO_COLOR'] ? text : `\u001b[2m${text}\u001b[22m`
}

/** `key=value`, quoted where a reader of logfmt would split it. */
export function logfmt(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = String(value)
      return `${name}=${/[\s"=]|^$/.test(text) || show(text) !== text ? showJson(text) : text}`
    })
    .join(' ')
}

const AGAIN_MS = 60_000

/** Tells the same trouble once a minute, however often it is met: an outage must not fill the log. */
export function sparingly(
  tell: (message: string) => void,
  clock: Pick<Clock, 'now'>,
): (error: Error) => void {
  let told = { message: '', at: -Infinity }
  return ({ message }) => {
    if (message === told.message && clock.now() - told.at < AGAIN_MS) return
    told = { message, at: clock.now() }
    tell(message)
  }
}
