import { readMtcuteFile } from './formats/mtcute/file.ts'
import { portable, type PortableSession } from './formats/portable-session.ts'
import { readPyrogramFile } from './formats/pyrogram/file.ts'
import { decodeSessionString } from './formats/strings/session-string.ts'
import { recognise } from './formats/recognise.ts'
import { ownUserId, readSessionRow } from './formats/telethon/session-row.ts'
import { openSqliteFile } from './formats/open-file.ts'
import { bad, recogniseSchema, type SqliteFile } from './sqlite/file.ts'
import { asTelethonFile, type TelethonFile } from './formats/telethon/file.ts'

export type SessionFormat =
  | 'telethon-sqlite'
  | 'pyrogram-sqlite'
  | 'mtcute-sqlite'
  | 'gramjs-store'
  | 'telethon-string'
  | 'gramjs-string'
  | 'pyrogram-string'
  | 'mtcute-string'

/** A session of any format, read. Holds the key: a secret. */
export interface AnySession {
  format: SessionFormat
  /** The schema's version, where the format has one. */
  version: number | undefined
  /** Of a Telethon file without its peers and update states, which are copied from file to file. */
  session: PortableSession
}

/** What is expected where any session would do. */
const ANY = 'a session file or a session string'

/**
 * Reads what some bytes are: an SQLite file of Telethon, Pyrogram (Kurigram) or mtcute, or a string of any of them or
 * of GramJS. Throws `BadDataError` as `inspectSession` does.
 */
export async function readAnySession(bytes: Uint8Array): Promise<AnySession> {
  return await withSession(bytes, (found) => found)
}

/** The same, with the Telethon file, if it is one, open while `use` runs. */
export async function withSession<T>(
  bytes: Uint8Array,
  use: (found: AnySession, telethon?: TelethonFile) => T | Promise<T>,
): Promise<T> {
  const found = recognise(bytes)
  if (found.kind === 'string') {
    const { format, session } = decodeSessionString(found.text)
    return use({ format: `${format}-string`, version: undefined, session })
  }
  const file = await openSqliteFile(bytes, ANY)
  try {
    const { kind } = recogniseSchema(file.columns)
    if (kind === 'pyrogram') {
      refuseMissing(file, 'sessions')
      return await use({ format: 'pyrogram-sqlite', ...readPyrogramFile(file) })
    }
    if (kind === 'mtcute')
      return await use({ format: 'mtcute-sqlite', version: undefined, ...readMtcuteFile(file) })
    const telethon = asTelethonFile(file)
    return await use(
      { format: 'telethon-sqlite', version: telethon.version, session: fromTelethon(telethon) },
      telethon,
    )
  } finally {
    file.db.close()
  }
}

function fromTelethon(file: TelethonFile): PortableSession {
  const { temporaryKey: _, ...row } = readSessionRow(file)
  return portable({ ...row, userId: ownUserId(file) })
}

function refuseMissing(file: SqliteFile, table: string): void {
  if (!file.columns.has(table))
    throw bad('foreign', `the Pyrogram file has no table ${table}`, 'Use a copy that is whole.')
}
