import net from 'node:net'
import mysql from 'mysql2'
import { TgsessionError } from '../base/errors.ts'
import type { SqlResult } from './connection.ts'
import { codeOf, networkMeaning, type SqlFault, type SqlMeaning } from './errors.ts'
import type { ServerLocation } from './location.ts'
import type { SqlDriver } from './socket.ts'

const AUTOCOMMIT = 2 // SERVER_STATUS_AUTOCOMMIT of the protocol

class NoAutocommit extends Error {}

/** MySQL and MariaDB. */
export const MYSQL: SqlDriver = {
  dial: ({ host, port }) => {
    const socket = host.startsWith('/') ? net.connect(host) : net.connect(port, host)
    return socket.setNoDelay(true).setKeepAlive(true)
  },

  greet: async (socket, location, { encrypted, onLost }) => {
    const { host, database, user, password, tls } = location
    const connection = mysql.createConnection({
      host,
      database,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(encrypted ? { ssl: sslOptions(tls) } : {}),
      stream: () => socket,
      // The pool counts the time.
      connectTimeout: 0,
      // Each is kept by the server, and batches of rows make many different ones.
      maxPreparedStatements: 50,
    })
    connection.on('error', onLost)
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    return {
      query: (sql, parameters) => execute(connection, sql, parameters),
      end: () => connection.end(),
    }
  },

  hasNoTls: (error) => codeOf(error) === 'HANDSHAKE_NO_SSL_SUPPORT',
}

/**
 * Values go beside the statement, so that no sql_mode can change how they are quoted. What has none is not prepared:
 * MySQL prepares no BEGIN.
 */
async function execute(
  connection: mysql.Connection,
  sql: string,
  parameters: readonly unknown[],
): Promise<SqlResult> {
  const values: mysql.ExecuteValues[] = [...parameters].map(toValue)
  const result = await new Promise<mysql.QueryResult>((resolve, reject) => {
    const answered = (error: mysql.QueryError | null, found: mysql.QueryResult): void => {
      if (error === null) resolve(found)
      else reject(error)
    }
    if (values.length === 0) connection.query(sql, answered)
    else connection.execute(sql, values, answered)
  })
  if (Array.isArray(result)) return { rows: result, affected: 0 }
  if ((result.serverStatus & AUTOCOMMIT) === 0) throw new NoAutocommit('autocommit is switched off')
  return { rows: [], affected: result.affectedRows }
}

function sslOptions({ mode, ca }: ServerLocation['tls']): mysql.SslOptions {
  return {
    rejectUnauthorized: mode.startsWith('verify'),
    verifyIdentity: mode === 'verify-full',
    ...(ca === undefined ? {} : { ca }),
  }
}

function toValue(value: unknown): mysql.ExecuteValues {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  throw new TypeError('a value that no column of ours holds')
}

/** By number (https://mariadb.com/kb/en/mariadb-error-code-reference/), else by what the driver says. */
export function mysqlFault(error: unknown): SqlFault | undefined {
  if (!(error instanceof Error) || error instanceof TgsessionError) return undefined
  if (error instanceof NoAutocommit) return { meaning: 'no_autocommit', detail: 'autocommit=0' }
  const code = codeOf(error)
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return { meaning: 'no_tls', detail: code }
  if (code === 'AUTH_SWITCH_PLUGIN_ERROR') return { meaning: 'forbidden', detail: code }
  if ('sqlState' in error && 'errno' in error && typeof error.errno === 'number')
    return { meaning: numberMeaning(error.errno), detail: code ?? String(error.errno) }
  const network = code === 'HANDSHAKE_SSL_ERROR' ? 'untrusted' : networkMeaning(error)
  if (network !== undefined) return { meaning: network, detail: code ?? 'network' }
  return /^(PROTOCOL_|CR_)/.test(code ?? '') || /closed state|Connection lost/.test(error.message)
    ? { meaning: 'unreachable', detail: code ?? 'connection lost' }
    : undefined
}

const MEANINGS: Partial<Record<SqlMeaning, readonly number[]>> = {
  no_table: [1146],
  duplicate: [1062],
  forbidden: [1044, 1045, 1130, 1142, 1143, 1227, 1251, 1370, 1698, 1820, 1862, 3118, 4151],
  not_found: [1049],
  // Memory, disk, connections, and what a user may use up.
  overloaded: [1021, 1037, 1038, 1040, 1041, 1114, 1203, 1226],
  read_only: [1290, 1792, 1836],
  // No such character in the table's encoding, too long, out of range, larger than max_allowed_packet.
  bad_value: [1153, 1264, 1265, 1300, 1366, 1406, 3988, 4025],
  // Shutdown, lost on the way, blocked host, lock waits, deadlocks, time limits, killed, cluster not ready.
  unreachable: [
    1047, 1053, 1077, 1079, 1080, 1129, 1152, 1158, 1159, 1160, 1161, 1184, 1205, 1213, 1317, 1927, 1969,
    3024, 4031,
  ],
}

function numberMeaning(errno: number): SqlMeaning {
  for (const meaning of [
    'no_table',
    'duplicate',
    'forbidden',
    'not_found',
    'overloaded',
    'read_only',
    'bad_value',
    'unreachable',
  ] as const)
    if (MEANINGS[meaning]?.includes(errno) === true) return meaning
  return 'unsupported'
}
