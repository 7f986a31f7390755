import { TgsessionError } from '../../base/errors.ts'

/** One thing that was looked at. */
export interface Check {
  check: string
  state: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found, or why it was not looked at. */
  detail: string
  hint?: string
  /** Of a failure: its stable code, and what a command ends with because of it. */
  code?: string
  exitCode?: number
}

export function ok(check: string, detail: string): Check {
  return { check, state: 'ok', detail }
}

export function warning(check: string, detail: string, hint: string): Check {
  return { check, state: 'warning', detail, hint }
}

export function skipped(check: string, detail: string): Check {
  return { check, state: 'skipped', detail }
}

/** What is no failure of ours is a bug, and thrown. */
export function failed(check: string, error: unknown): Check {
  if (!(error instanceof TgsessionError)) throw error
  const { message, hint, code, exitCode } = error
  return { check, state: 'failed', detail: message, hint, code, exitCode }
}
