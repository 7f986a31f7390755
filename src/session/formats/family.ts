import type { SqliteFile } from '../sqlite/file.ts'
import type { PortableSession } from './portable-session.ts'

/**
 * Kinds of session files, by the library that opens them. `pyrogram` is version 3 (also hydrogram's), `pyrofork` its 4,
 * `kurigram6` what Kurigram 2.1, PyroTGFork and pyroblack open, `kurigram` version 7 of Kurigram 2.2 (and wzgram's 8).
 */
export type FamilyName = 'telethon' | 'pyrogram' | 'pyrofork' | 'kurigram' | 'kurigram6' | 'mtcute'

export const FAMILY_NAMES = [
  'telethon',
  'pyrogram',
  'pyrofork',
  'kurigram',
  'kurigram6',
  'mtcute',
] as const satisfies FamilyName[]

/** A session that was read, and the version of the schema where the file names one. */
export interface ReadFile {
  version: number | undefined
  session: PortableSession
}

/** Whose login a file holds. */
export interface Login {
  dcId: number
  authKey: Uint8Array
  userId: bigint | undefined
}

/** One kind of session file: how to recognise, read and write it, and how its client treats it. */
export interface Family {
  readonly name: FamilyName
  /** For messages: "a Kurigram session". */
  readonly title: string
  /** Whether the client leaves a file in WAL mode that was given to it so: no reader is ever in its way then. */
  readonly inheritsWal: boolean
  /**
   * Whether the client may keep the file locked, or its changes to itself, for as long as it runs: a copy that cannot be
   * made meanwhile is nothing to worry about.
   */
  readonly holdsBack: boolean
  /** Whether it is one of this kind, by tables and columns; the number in it says nothing. */
  recognises(file: SqliteFile): boolean
  /** All that it holds. Throws `BadDataError` (`session.bad_row`, `.bad_version`, `.too_new`). */
  read(file: SqliteFile): ReadFile
  /** Throws `BadDataError` (`session.no_key`) where its client would not find itself logged in. */
  login(file: SqliteFile): Login
  /** A new file. Throws `UsageError` (`session.needs_…`) for what neither the session nor its data centre tells. */
  write(session: PortableSession): Promise<Uint8Array>
  /** What is amiss in it for its client, though it can be read; `mended` puts it right. */
  misfits(file: SqliteFile): string[]
  mended(file: SqliteFile): Promise<Uint8Array>
}
