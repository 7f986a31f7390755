import {
  BadDataError,
  ConfigurationError,
  type ErrorDetails,
  ForbiddenError,
  safeCause,
  type TgsessionError,
  UnreachableError,
  UnsupportedError,
} from '../base/errors.ts'
import type { SqlFault } from './dialect.ts'

/** What the answers of all databases come down to; `no_table` and `duplicate` are no failures yet. */
export type SqlMeaning =
  | 'no_table'
  | 'duplicate'
  | 'forbidden'
  | 'not_found'
  | 'unreachable'
  | 'overloaded'
  | 'read_only'
  | 'no_tls'
  | 'untrusted'
  | 'damaged'
  | 'unsupported'

type Failure = Exclude<SqlMeaning, 'no_table' | 'duplicate'>

interface Wording {
  make: new (code: string, message: string, details: ErrorDetails) => TgsessionError
  code: string
  says: string
  hint: string
}

const WORDINGS: Record<Failure, Wording> = {
  forbidden: {
    make: ForbiddenError,
    code: 'store.forbidden',
    says: 'the database refuses this user',
    hint: 'Check the user, the password and the rights: SELECT, INSERT, UPDATE and DELETE on tgsession_objects and tgsession_chunks.',
  },
  not_found: {
    make: ConfigurationError,
    code: 'store.not_found',
    says: 'there is no such database',
    hint: 'Create the database, or correct its name or path in TGSESSION_STORE.',
  },
  no_tls: {
    make: ConfigurationError,
    code: 'store.no_tls',
    says: 'the server does not speak TLS',
    hint: 'In a network that you trust add ?sslmode=disable to the URL; else switch TLS on at the server.',
  },
  untrusted: {
    make: ConfigurationError,
    code: 'store.untrusted',
    says: 'TLS with the server failed',
    hint: "Name the file of the server's authority with sslrootcert=, or encrypt without checking: ?sslmode=require",
  },
  damaged: {
    make: BadDataError,
    code: 'store.damaged',
    says: 'this is no sound SQLite database',
    hint: 'Restore the file from a backup, or name another one.',
  },
  unsupported: {
    make: UnsupportedError,
    code: 'store.unsupported',
    says: 'the database cannot do what was asked',
    hint: 'Check that tgsession_objects and tgsession_chunks are the tables that tgsession made, and that the server is Postgres 12, MySQL 5.7 or MariaDB 10.3, or newer.',
  },
  overloaded: {
    make: UnreachableError,
    code: 'store.unreachable',
    says: 'the database has no room for it',
    hint: 'Close other connections, or free some space, or take a larger plan.',
  },
  read_only: {
    make: UnreachableError,
    code: 'store.unreachable',
    says: 'the database only lets us read',
    hint: 'It may be changing over to another server. If it stays so, the URL names a replica: name the primary.',
  },
  unreachable: {
    make: UnreachableError,
    code: 'store.unreachable',
    says: 'no usable answer',
    hint: 'Check the network, the address and the state of the database. A write may have landed all the same.',
  },
}

/** `detail` is what the database, its driver or the system calls it; it holds no data. */
export function sqlFault(meaning: SqlMeaning, label: string, detail: string, error: unknown): SqlFault {
  if (meaning === 'no_table' || meaning === 'duplicate') return { kind: meaning }
  const { make: Failed, code, says, hint } = WORDINGS[meaning]
  const message = `${label}: ${says} (${detail})`
  return {
    kind: 'error',
    passing: Failed === UnreachableError,
    error: new Failed(code, message, { hint, cause: safeCause(error) }),
  }
}

/** Who may not create the tables learns what to run, by whoever may. */
export function mayNotCreate(label: string, statements: readonly string[], cause: unknown): ForbiddenError {
  return new ForbiddenError(
    'store.forbidden',
    `${label}: the tables are not there, and this user may not create them`,
    {
      hint: `Let somebody who may run this, and grant SELECT, INSERT, UPDATE and DELETE: ${statements.join('; ')};`,
      cause,
    },
  )
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What the network or TLS says; the same for every driver. Undefined for anything else. */
export function networkMeaning(error: unknown): SqlMeaning | undefined {
  const code = codeOf(error) ?? ''
  if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return 'untrusted'
  if (error instanceof AggregateError || /^E[A-Z]+$/.test(code)) return 'unreachable'
  return code.startsWith('ERR_STREAM_') ? 'unreachable' : undefined
}
