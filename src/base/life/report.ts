import { showJson } from '../show.ts'
import { TgsessionError } from '../errors.ts'

/**
 * One thing that happened, in a form that a person and a log both read: `lease.waiting holder=worker.1 …`.
 * docs/hosts/heroku.md lists the events.
 */
export type Report = (event: string, fields?: Record<string, string | number | boolean | null>) => void

/** What of an instance's life the head keeps, for `status`: it explains what is found there. */
const RECORDED = new Set([
  'head.newer',
  'import.refused',
  'key.asked',
  'lease.lost',
  'save.failed',
  'session.again',
  'session.quarantined',
])

/** Reports, and notes what is worth keeping; it is written with the next renewal or save. */
export function recording(report: Report, replica: { note(code: string): void }): Report {
  return (event, fields) => {
    report(event, fields)
    if (RECORDED.has(event)) replica.note(event)
  }
}

/** What an operator must see even without a `report` option. */
const TROUBLE =
  /^(?:lease\.(?:waiting|lost|release_failed)|session\.(?:waiting|unreachable|quarantined)|import\.|save\.failed|close\.failed|key\.|head\.newer|store\.unreachable|updates\.not_stopped)/

/** Waiting and trouble, each as a line on standard error; everything else is left out. */
export const reportTrouble: Report = (event, fields = {}) => {
  if (!TROUBLE.test(event)) return
  const told = Object.entries(fields).map(([name, value]) => `${name}=${showJson(value)}`)
  process.stderr.write(`${['tgsession:', event, ...told].join(' ')}\n`)
}

/** The cause is reported only if it is an error of ours: any other text may hold a secret. */
export function describeError(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'unknown', message: 'an error without a name' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const why = error.cause instanceof TgsessionError ? `: ${error.cause.message}` : ''
  return { code, message: error.message + why }
}

/** With what to do, where that is not the same as ever. */
export function describeLoss(error: unknown): Record<string, string> {
  return { ...describeError(error), ...(error instanceof TgsessionError && { hint: error.hint }) }
}
