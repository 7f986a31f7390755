import { recognise } from './recognise.ts'
import { bad, columnsOf, isSoundDatabase, type SqliteFile, withoutWal } from '../sqlite/file.ts'
import { SqlDatabase } from '../sqlite/database.ts'

/**
 * Opens a copy of the bytes of an SQLite file. `expected` is what the caller hoped for, for the message of the refusal.
 * Throws `BadDataError`: `session.empty`, `.encrypted`, `.foreign`, `.garbage`, `.truncated`, `.corrupt`.
 */
export async function openSqliteFile(bytes: Uint8Array, expected: string): Promise<SqliteFile> {
  refuseOtherFormats(bytes, `expected ${expected}`)
  const db = await SqlDatabase.open(withoutWal(bytes))
  try {
    if (!isSoundDatabase(db))
      throw bad(
        'corrupt',
        'the session file is damaged (the integrity check fails)',
        'Restore a copy of it that is whole.',
      )
    return { db, columns: columnsOf(db) }
  } catch (error) {
    db.close()
    throw error
  }
}

function refuseOtherFormats(bytes: Uint8Array, expected: string): void {
  const found = recognise(bytes)
  if (found.kind === 'empty')
    throw bad('empty', `the file is empty; ${expected}`, 'Restore a copy, or log in.')
  if (found.kind === 'encrypted')
    throw bad(
      'encrypted',
      `this is ${found.name}; ${expected}`,
      'Decrypt it first, with the key it was made for.',
    )
  if (found.kind === 'string')
    throw bad('foreign', `this is ${found.name}; ${expected}`, 'Make one of it with `tgsession convert`.')
  if (found.kind === 'foreign')
    throw bad(
      'foreign',
      `this is ${found.name}; ${expected}`,
      'Name the .session file itself, or copy the string again, as a whole.',
    )
  if (found.kind === 'unknown')
    throw bad('garbage', `this is nothing known; ${expected}`, 'Check that the right file was named.')
  const wanted = expectedBytes(bytes)
  if (bytes.length < wanted)
    throw bad(
      'truncated',
      `the file ends after ${bytes.length} of ${wanted} bytes`,
      'Copy it again, as a whole.',
    )
}

/** How long the header says that the file is (SQLite file format, section 1.3). */
function expectedBytes(bytes: Uint8Array): number {
  if (bytes.length < 512) return 512
  const header = new DataView(bytes.buffer, bytes.byteOffset, 100)
  const pageSize = header.getUint16(16) === 1 ? 65_536 : header.getUint16(16)
  // Versions before 3.7.0 leave the page count stale, which these two counters show.
  const isCurrent = header.getUint32(24) === header.getUint32(92)
  return isCurrent ? pageSize * header.getUint32(28) : 512
}
