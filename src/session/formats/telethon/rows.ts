import type { SqlRow } from '../../sqlite/database.ts'
import type { SentFile, SentFileKey, UpdateState } from '../../core/storage.ts'
import type { TelethonTables } from './file.ts'

/** Telethon's numbers of them (telethon/sessions/memory.py, _SentFileType). */
export const SENT_FILE_TYPES = { document: 0n, photo: 1n } as const
const SENT_FILE_KINDS = ['document', 'photo'] as const

/** A table of ours, which Telethon leaves alone. */
export const OTHER_KEYS = 'tgsession_auth_keys'

/** The few rows that a file has beside its home and its entities. */
export interface OtherRows {
  otherKeys: Map<number, Uint8Array>
  updateStates: Map<bigint, UpdateState>
  sentFiles: [SentFileKey, SentFile][]
}

/** What is not of Telethon's types, or has no place in this version, is left out. */
export function readOtherRows({ columns, rows }: TelethonTables): OtherRows {
  const table = (name: string, column: string): SqlRow[] => (columns.get(name)?.has(column) ? rows(name) : [])
  return {
    otherKeys: new Map(
      table(OTHER_KEYS, 'auth_key').flatMap(({ dc_id: dcId, auth_key: key }) =>
        key instanceof Uint8Array ? [[Number(dcId), key] as const] : [],
      ),
    ),
    updateStates: new Map(
      table('update_state', 'pts').flatMap(({ id, ...state }) =>
        typeof id === 'bigint' ? [[id, parseState(state)] as const] : [],
      ),
    ),
    sentFiles: table('sent_files', 'type').flatMap(parseSentFile),
  }
}

function parseState(row: SqlRow): UpdateState {
  const number = (column: string): number => Math.trunc(Number(row[column] ?? 0)) || 0
  return { pts: number('pts'), qts: number('qts'), date: number('date'), seq: number('seq') }
}

function parseSentFile(row: SqlRow): [SentFileKey, SentFile][] {
  const { md5_digest: md5, file_size: size, type, id, hash } = row
  const kind = SENT_FILE_KINDS.find((one) => SENT_FILE_TYPES[one] === type)
  const isWhole = md5 instanceof Uint8Array && typeof id === 'bigint' && typeof hash === 'bigint'
  return isWhole && kind
    ? [
        [
          { md5, size: Number(size), kind },
          { id, hash },
        ],
      ]
    : []
}
