import net from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Client } from 'pg'
import { TgsessionError } from '../base/errors.ts'
import { codeOf, networkMeaning, type SqlFault, type SqlMeaning } from './errors.ts'
import type { ServerLocation } from './location.ts'
import type { SqlDriver } from './socket.ts'

/** Of node-postgres, which gives it no code. */
const NO_TLS = 'The server does not support SSL connections'

/**
 * Postgres, and what speaks its language. Every statement stands alone and unnamed, and nothing is set for the session,
 * so any pooler may stand between, also one that hands out connections by transaction.
 */
export const POSTGRES: SqlDriver = {
  // The client connects it.
  dial: () => new net.Socket(),

  greet: async (socket, location, { encrypted, onLost }) => {
    const { host, port, database, user, password, options, tls, channelBinding } = location
    const client = new Client({
      host,
      port,
      database,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(options === undefined ? {} : { options }),
      application_name: 'tgsession',
      ssl: encrypted ? tlsOptions(tls) : false,
      stream: () => socket,
      keepAlive: true,
      enableChannelBinding: channelBinding,
    })
    client.on('error', onLost)
    await client.connect()
    return {
      query: async (sql, parameters) => {
        const { rows, rowCount } = await client.query<Record<string, unknown>>(sql, [...parameters])
        return { rows, affected: rowCount ?? 0 }
      },
      // Only a connection that has gone already can make it fail.
      end: () => void client.end().catch(() => undefined),
    }
  },

  hasNoTls: (error) => error instanceof Error && error.message === NO_TLS,
}

export function tlsOptions({ mode, ca }: ServerLocation['tls']): ConnectionOptions {
  if (mode === 'prefer' || mode === 'require') return { rejectUnauthorized: false }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  }
}

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), else by what the driver says. */
export function postgresFault(error: unknown): SqlFault | undefined {
  if (!(error instanceof Error) || error instanceof TgsessionError) return undefined
  const code = codeOf(error)
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error)
    return { meaning: stateMeaning(code), detail: code }
  if (error.message === NO_TLS) return { meaning: 'no_tls', detail: 'no TLS' }
  const network = networkMeaning(error)
  if (network !== undefined) return { meaning: network, detail: code ?? 'network' }
  if (error.message.startsWith('SASL')) return { meaning: 'forbidden', detail: 'SASL' }
  if (/^(Connection terminated|Client (has|was)|There was an error establishing)/.test(error.message))
    return { meaning: 'unreachable', detail: 'connection lost' }
  return undefined
}

function stateMeaning(state: string): SqlMeaning {
  switch (state) {
    case '42P01':
      return 'no_table'
    case '23505':
    case '42P07': // the table, or (42710) its type, was made by somebody else at that very moment
    case '42710':
      return 'duplicate'
    case '42501': // insufficient privilege
    case '3F000': // no schema to create in
      return 'forbidden'
    case '3D000':
      return 'not_found'
    case '25006':
      return 'read_only'
    case '55P03': // lock not available
    case '55006': // object in use
      return 'unreachable'
    case '53300': // too many connections
    case '53400':
      return 'overloaded'
    case '23502': // of a column that somebody made
    case '23514':
      return 'bad_value'
    default:
  }
  // No such character in the database's encoding, too long, out of range.
  if (state.startsWith('22')) return 'bad_value'
  if (state.startsWith('28')) return 'forbidden'
  if (state.startsWith('53')) return 'overloaded'
  // Connection, rolled back (serialization, deadlock), operator's intervention, system, internal.
  return /^(08|40|57|58|XX)/.test(state) ? 'unreachable' : 'unsupported'
}
