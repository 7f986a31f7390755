import { type FamilyName } from './formats/family.ts'
import { withFamily } from './formats/families.ts'
import type { PortableSession, StringFormatName } from './formats/portable-session.ts'
import { decodeSessionString } from './formats/strings/session-string.ts'
import { recognise } from './formats/recognise.ts'
import type { Family } from './formats/family.ts'
import type { SqliteFile } from './sqlite/file.ts'

/** A file by its family, a folder of GramJS's StoreSession, or a string. */
export type SessionFormat = FamilyName | 'gramjs-store' | `${StringFormatName}-string`

/** A session of any format, read. Holds the key: a secret. */
export interface AnySession {
  format: SessionFormat
  /** The schema's version, where the format has one. */
  version: number | undefined
  session: PortableSession
}

/** What is expected where any session would do. */
const ANY = 'a session file or a session string'

/**
 * Reads what some bytes are: an SQLite file of Telethon, Pyrogram, pyrofork, Kurigram or mtcute, or a string of any of
 * them or of GramJS. Throws `BadDataError` as `inspectSession` does.
 */
export async function readAnySession(bytes: Uint8Array): Promise<AnySession> {
  return await withSession(bytes, ({ read }) => read())
}

/** Bytes of a recognised kind; `read` reads all of them. */
export interface Found {
  format: SessionFormat
  /** Undefined for a string. Open while `use` runs. */
  opened?: { family: Family; file: SqliteFile } | undefined
  read: () => AnySession
}

/** The same, with the file open while `use` runs. */
export async function withSession<T>(bytes: Uint8Array, use: (found: Found) => T | Promise<T>): Promise<T> {
  const found = recognise(bytes)
  if (found.kind === 'string') {
    const { format: library, session } = decodeSessionString(found.text)
    const format = `${library}-string` as const
    return use({ format, read: () => ({ format, version: undefined, session }) })
  }
  return await withFamily(bytes, ANY, async (family, file) => {
    const format = family.name
    return await use({ format, opened: { family, file }, read: () => ({ format, ...family.read(file) }) })
  })
}
