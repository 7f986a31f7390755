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

/** What the answers of all databases come down to; `no_table` and `duplicate` are no failures yet. */
export type SqlMeaning = 'no_table' | 'duplicate' | Failure

type Failure =
  | 'forbidden'
  | 'not_found'
  | 'unreachable'
  | 'overloaded'
  | 'read_only'
  | 'no_tls'
  | 'untrusted'
  | 'damaged'
  | 'bad_value'
  | 'no_autocommit'
  | 'unsupported'

/** What went wrong; `detail` is what the database, its driver or the system calls it, and holds no data. */
export interface SqlFault {
  meaning: SqlMeaning
  detail: string
}

/** Undefined for what did not come from the database, its driver or the network. */
export type ReadFault = (error: unknown) => SqlFault | undefined

/** The caller: error codes begin with it, and hints name its tables. */
export type SqlScope = 'store' | 'container'

interface Wording {
  make: new (code: string, message: string, details: ErrorDetails) => TgsessionError
  /** After `store.` or `container.`. */
  code: string
  says: string
  hint: string | Record<SqlScope, string>
}

const SERVERS = 'the server is Postgres 12, MySQL 5.7 or MariaDB 10.3, or newer'
const RIGHTS = 'Check the user, the password and the rights: SELECT, INSERT, UPDATE and DELETE on'

const WORDINGS: Record<Failure, Wording> = {
  forbidden: {
    make: ForbiddenError,
    code: 'forbidden',
    says: 'the database refuses this user',
    hint: {
      store: `${RIGHTS} tgsession_objects and tgsession_chunks.`,
      container: `${RIGHTS} the tables of the container.`,
    },
  },
  not_found: {
    make: ConfigurationError,
    code: 'not_found',
    says: 'there is no such database',
    hint: {
      store: 'Create the database, or correct its name or path in TGSESSION_STORE.',
      container: 'Create the database, or correct its name or path in the URL of the container.',
    },
  },
  no_tls: {
    make: ConfigurationError,
    code: 'no_tls',
    says: 'the server does not speak TLS',
    hint: 'In a network that you trust add ?sslmode=disable to the URL; else switch TLS on at the server.',
  },
  untrusted: {
    make: ConfigurationError,
    code: 'untrusted',
    says: 'TLS with the server failed',
    hint: "Name the file of the server's authority with sslrootcert=, or encrypt without checking: ?sslmode=require",
  },
  damaged: {
    make: BadDataError,
    code: 'damaged',
    says: 'this is no sound SQLite database',
    hint: 'Restore the file from a backup, or name another one.',
  },
  bad_value: {
    make: BadDataError,
    code: 'bad_value',
    says: 'the database does not accept a value',
    hint: 'Its encoding or its columns cannot hold it. Use a database in UTF-8, with the tables as tgsession makes them.',
  },
  no_autocommit: {
    make: UnsupportedError,
    code: 'unsupported',
    says: 'autocommit is switched off',
    hint: 'Nothing that is written would stay. Set autocommit=1 at the server.',
  },
  unsupported: {
    make: UnsupportedError,
    code: 'unsupported',
    says: 'the database cannot do what was asked',
    hint: {
      store: `Check that tgsession_objects and tgsession_chunks are the tables that tgsession made, and that ${SERVERS}.`,
      container: `Check that the tables are those that containerSchemaSql() makes, and that ${SERVERS}.`,
    },
  },
  overloaded: {
    make: UnreachableError,
    code: 'unreachable',
    says: 'the database has no room for it',
    hint: 'Close other connections, or free some space, or take a larger plan.',
  },
  read_only: {
    make: UnreachableError,
    code: 'unreachable',
    says: 'the database only lets us read',
    hint: 'It may be changing over to another server. If it stays so, the URL names a replica: name the primary.',
  },
  unreachable: {
    make: UnreachableError,
    code: 'unreachable',
    says: 'no usable answer',
    hint: 'Check the network, the address and the state of the database. A write may have landed all the same.',
  },
}

/** Whether another try may do better. */
export function isPassingFault({ meaning }: SqlFault): boolean {
  return isFailure(meaning) && WORDINGS[meaning].make === UnreachableError
}

/** Undefined for `no_table` and `duplicate`, which mean different things to different callers. */
export function sqlError(
  { meaning, detail }: SqlFault,
  { scope, label }: { scope: SqlScope; label: string },
  cause: unknown,
): TgsessionError | undefined {
  if (!isFailure(meaning)) return undefined
  const { make: Failed, code, says, hint } = WORDINGS[meaning]
  return new Failed(`${scope}.${code}`, `${label}: ${says} (${detail})`, {
    hint: typeof hint === 'string' ? hint : hint[scope],
    cause: safeCause(cause),
  })
}

function isFailure(meaning: SqlMeaning): meaning is Failure {
  return meaning !== 'no_table' && meaning !== 'duplicate'
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
