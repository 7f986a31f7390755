export interface ErrorDetails {
  hint: string
  /** Never holds a secret: a foreign error goes through `safeCause` first, unless it is known to carry none. */
  cause?: unknown
}

/**
 * Every failure of tgsession. `message` says what happened; neither it nor the hint nor the cause holds a secret.
 * docs/reference/errors.md lists all codes.
 */
export abstract class TgsessionError extends Error {
  /** For programs, `room.reason`: `lease.lost`. It stays the same from release to release. */
  readonly code: string
  /** What to do next, for a person. */
  readonly hint: string
  /** What the command ends with, and a program of yours may: 64 to 79, as in sysexits.h. */
  abstract readonly exitCode: number

  /** @internal */
  constructor(code: string, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.hint = details.hint
  }
}

/** The command line is wrong, or a login was asked for where there is no terminal. */
export class UsageError extends TgsessionError {
  readonly exitCode = 64
}

/** Bytes or text that are not what they should be: foreign, truncated, corrupt, too new. */
export class BadDataError extends TgsessionError {
  readonly exitCode = 65
}

/** Proven: there is no session. Never thrown for "could not read". */
export class NoSessionError extends TgsessionError {
  readonly exitCode = 66
}

/** The store, or Telegram, could not be reached in time. */
export class UnreachableError extends TgsessionError {
  readonly exitCode = 69
}

/** A limit of the operating system is too low to work with. */
export class LimitError extends TgsessionError {
  readonly exitCode = 71
}

/** Somebody else changed it first: a conditional write was refused. */
export class ConflictError extends TgsessionError {
  readonly exitCode = 73
}

/** The lease is held by another instance, or was lost. */
export class LeaseError extends TgsessionError {
  readonly exitCode = 75
}

/** Telegram refused, or the login guard did before asking it. */
export class RefusedError extends TgsessionError {
  readonly exitCode = 76
}

/** Credentials are missing the right, or are wrong. */
export class ForbiddenError extends TgsessionError {
  readonly exitCode = 77
}

/** Settings that are missing, malformed, contradictory, or that name something that is not there. */
export class ConfigurationError extends TgsessionError {
  readonly exitCode = 78
}

/** The store works, but cannot do what safety needs (conditional writes). */
export class UnsupportedError extends TgsessionError {
  readonly exitCode = 78
}

/** The last save before the end did not reach the store. */
export class SaveFailedError extends TgsessionError {
  readonly exitCode = 79
}

/**
 * What may be kept of a foreign error: its name, code and HTTP status. Its message, stack and properties may
 * hold headers, URLs with credentials or the secret that it could not parse, so they are left behind.
 */
export function safeCause(error: unknown): Error {
  if (error instanceof TgsessionError) return error
  const source: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {}
  const name = error instanceof Error ? error.name : typeof error
  const code = error instanceof Error && 'code' in error ? error.code : source['code']
  const metadata = source['$metadata']
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  const parts = [name, code, status].filter((part) => typeof part === 'string' || typeof part === 'number')
  const cause = new Error([...new Set(parts)].join(' '))
  cause.name = name
  delete cause.stack
  return cause
}
