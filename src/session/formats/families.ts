import { BadDataError } from '../../base/errors.ts'
import { bad, recogniseSchema, type SqliteFile } from '../sqlite/file.ts'
import type { Family, FamilyName } from './family.ts'
import { mtcuteFamily } from './mtcute/family.ts'
import { openSqliteFile } from './open-file.ts'
import { PYROGRAM_FAMILIES } from './pyrogram/families.ts'
import { telethonFamily } from './telethon/family.ts'

const FAMILIES: readonly Family[] = [telethonFamily, ...PYROGRAM_FAMILIES, mtcuteFamily]

export function familyNamed(name: FamilyName): Family {
  const found = FAMILIES.find((family) => family.name === name)
  if (found === undefined) throw new TypeError(`there is no family ${name}`)
  return found
}

/**
 * Whose file it is. Telethon and mtcute make their tables in each other's files: of two that fit, the one that has a
 * login in it counts. Throws `BadDataError`: `session.foreign` for a file of nobody's, `session.two_families` for one
 * with two logins.
 */
export function familyOf(file: SqliteFile): Family {
  const fitting = FAMILIES.filter((family) => family.recognises(file))
  const [first, ...others] = fitting
  if (first === undefined) throw foreign(file)
  if (others.length === 0) return first
  const loggedIn = fitting.filter((family) => hasLogin(family, file))
  if (loggedIn.length < 2) return loggedIn[0] ?? first
  throw bad(
    'two_families',
    `the session file is ${fitting.map(({ title }) => title).join(' and ')} at once, each with a login`,
    'Two programs of different kinds have used it. Restore a copy from before, or log in anew.',
  )
}

/** `use` with the open file. `expected` as for `openSqliteFile`, which also says what is thrown. */
export async function withFamily<T>(
  bytes: Uint8Array,
  expected: string,
  use: (family: Family, file: SqliteFile) => T | Promise<T>,
): Promise<T> {
  const file = await openSqliteFile(bytes, expected)
  try {
    return await use(familyOf(file), file)
  } finally {
    file.db.close()
  }
}

function hasLogin(family: Family, file: SqliteFile): boolean {
  try {
    return family.login(file).authKey.length > 0
  } catch (error) {
    if (error instanceof BadDataError)
      return error.code !== 'session.no_key' && error.code !== 'session.no_dc'
    throw error
  }
}

function foreign({ columns }: SqliteFile): BadDataError {
  const has = (table: string, column: string): boolean => columns.get(table)?.has(column) ?? false
  if (has('version', 'version') && has('sessions', 'salt') && has('sessions', 'layer'))
    return bad('too_old', 'this is a session file of a Telethon before 0.16', 'Log in anew.')
  return bad(
    'foreign',
    `this is ${recogniseSchema(columns).name}, not a session file of a known kind`,
    'Name a session file of Telethon, Pyrogram, pyrofork, Kurigram or mtcute.',
  )
}
