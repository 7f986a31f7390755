import {
  type ColumnType,
  type KyselyPlugin,
  OperationNodeTransformer,
  type SchemableIdentifierNode,
} from 'kysely'
import { ConfigurationError, UsageError } from '../../base/errors.ts'

/** 32 bits; a driver of the user's may read every integer as BigInt. */
type Int<Null = never> = ColumnType<number | bigint | Null, number | Null, number | Null>

/**
 * The tables, without their prefix. The first five are those of telethon-session-sqlalchemy 0.2.16
 * (alchemysession/sqlalchemy.py), which Python programs may share; the others are ours. 64-bit numbers go in as text
 * and are read as text, which no driver rounds.
 */
export interface ContainerSchema {
  version: { version: Int }
  sessions: {
    session_id: string
    dc_id: Int
    server_address: string | null
    port: Int<null>
    /** 256 bytes, or sealed (see key-seal.ts); empty or null before a login. */
    auth_key: Uint8Array | null
  }
  entities: {
    session_id: string
    /** Marked. */
    id: string
    hash: string
    username: string | null
    phone: string | null
    name: string | null
  }
  sent_files: {
    session_id: string
    md5_digest: Uint8Array
    /** In bytes; 32 bits. Larger files are in tgsession_values. */
    file_size: Int
    type: Int
    id: string
    hash: string
  }
  update_state: {
    session_id: string
    /** 0, or the bare id of a channel. */
    entity_id: string
    pts: string
    qts: string
    /** Unix seconds, UTC. */
    date: string
    seq: string
    unread_count: Int<null>
  }
  tgsession_migrations: { number: Int }
  /** When an entity was written, in ms since 1970, made strictly growing within a session. */
  tgsession_entities: { session_id: string; id: string; written: string }
  /** What Python's tables have no place for, by name. */
  tgsession_values: { session_id: string; name: string; value: Uint8Array }
  /**
   * One row per session, never deleted: its generation must not go back. Whoever changes its holder changes
   * `tgsession_fences` first, in the same transaction; a renewal touches this row alone, and so waits for no write.
   */
  tgsession_leases: {
    session_id: string
    generation: string
    holder: string | null
    label: string | null
    since: string | null
    beat: string
    ttl_ms: string
  }
  /** The holder that may write a session's rows, as in its lease. Locked by every transaction that does. */
  tgsession_fences: {
    session_id: string
    generation: string
    holder: string | null
    /** Grows with every transaction: MySQL may count only rows that really change. */
    writes: string
  }
}

export type TableName = keyof ContainerSchema

export const TABLE_NAMES = [
  'version',
  'sessions',
  'entities',
  'sent_files',
  'update_state',
  'tgsession_migrations',
  'tgsession_entities',
  'tgsession_values',
  'tgsession_leases',
  'tgsession_fences',
] as const satisfies readonly TableName[]

/** The tables that hold what a session is; another that is put in its place has rows of its own there. */
export const SESSION_TABLES = [
  'sessions',
  'entities',
  'sent_files',
  'update_state',
  'tgsession_entities',
  'tgsession_values',
] as const satisfies readonly TableName[]

/** Longest id of a session, in characters: the column of Python's tables. */
export const LONGEST_ID = 255

/** Throws `ConfigurationError` (`container.bad_prefix`). */
export function checkPrefix(prefix: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,29}$|^$/.test(prefix)) return prefix
  throw new ConfigurationError('container.bad_prefix', 'the table prefix cannot be part of a table name', {
    hint: 'Use at most 30 letters, digits and underscores, not starting with a digit.',
  })
}

/** Throws `UsageError` (`container.bad_id`). */
export function checkId(id: string): string {
  const length = Array.from(id).length
  if (length > 0 && length <= LONGEST_ID && id.isWellFormed() && !id.includes('\0')) return id
  throw new UsageError('container.bad_id', 'a session needs an id of 1 to 255 characters, without NUL', {
    hint: 'Use a short name, like the phone number or the name of the account.',
  })
}

/** Puts the prefix before the names of our tables only. */
export function prefixPlugin(prefix: string): KyselyPlugin {
  const names = new Set<string>(TABLE_NAMES)
  class Prefixer extends OperationNodeTransformer {
    protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
      const { name } = node.identifier
      return names.has(name) ? { ...node, identifier: { ...node.identifier, name: prefix + name } } : node
    }
  }
  const prefixer = new Prefixer()
  return {
    transformQuery: ({ node, queryId }) => prefixer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  }
}
