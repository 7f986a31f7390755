import { UsageError } from '../../../base/errors.ts'
import { openTelethonFile } from './file.ts'

/** What later versions of Telethon's file added to version 4, of 2018 (telethon/sessions/sqlite.py, `_upgrade_database`). */
const ADDED = [
  { since: 5, table: 'sessions', column: 'takeout_id' },
  { since: 7, table: 'entities', column: 'date' },
  { since: 8, table: 'sessions', column: 'tmp_auth_key' },
]
export const OLDEST_MADE = 4

/**
 * The file for a Telethon that knows no newer version than this one, 4 to 8: an older one counts the columns, and dies.
 * Throws `UsageError` (`session.cannot_make_version`) for any other, and for one above the file's own.
 */
export async function asVersion(bytes: Uint8Array, version: number): Promise<Uint8Array> {
  const file = await openTelethonFile(bytes)
  try {
    if (version > file.version || version < OLDEST_MADE)
      throw new UsageError(
        'session.cannot_make_version',
        `no file of version ${version} can be made of one of version ${file.version}`,
        {
          hint: `${OLDEST_MADE} is the oldest that is made. Leave the version out: a newer Telethon upgrades the file by itself.`,
        },
      )
    for (const { since, table, column } of ADDED)
      if (version < since && file.columns.get(table)?.has(column))
        file.db.run(`alter table ${table} drop column ${column}`)
    file.db.run(`update version set version = ${version}`)
    return file.db.export()
  } finally {
    file.db.close()
  }
}
