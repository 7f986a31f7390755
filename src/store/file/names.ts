import path from 'node:path'
import { checkKey } from '../shared/key.ts'
import { badKey } from '../shared/errors.ts'

/** Where the versions lie, below the root of a file store. */
export const VERSIONS = '.versions'

/** Ends the name of a folder that stands for a key; no escaped name ends so, since a % is always followed by hex digits. */
const KEY_MARK = '%'
const MAX_NAME_BYTES = 255

export interface KeyPaths {
  /** The folder that is the object; see FileStore. */
  folder: string
  /** The copy for people. */
  plain: string
}

/** Throws `ConfigurationError` (`store.bad_key`) for a key that no file can stand for. */
export function pathsOf(root: string, key: string): KeyPaths {
  checkKey(key)
  const names = key.split('/').map(escapeName)
  if (names.some((name) => Buffer.byteLength(name + KEY_MARK) > MAX_NAME_BYTES))
    throw badKey(key, `holds a name that is too long for a file (${MAX_NAME_BYTES - 1} bytes)`)
  const [first = '', ...others] = names
  return {
    folder: path.join(keysFolder(root), ...names) + KEY_MARK,
    plain: path.join(root, first === VERSIONS ? first.replace('.', '%2E') : first, ...others),
  }
}

export function keysFolder(root: string): string {
  return path.join(root, VERSIONS, 'keys')
}

/** Drafts, and what was deleted: nothing in here is ever an object. */
export function draftsFolder(root: string): string {
  return path.join(root, VERSIONS, 'tmp')
}

/** The folder below which every key with this prefix lies. */
export function folderOfPrefix(root: string, prefix: string): string {
  return path.join(keysFolder(root), ...prefix.split('/').slice(0, -1).map(escapeName))
}

/** The name in a key that a folder below `keys` stands for, and whether it ends the key. */
export function readName(folder: string): { name: string; isKey: boolean } {
  const isKey = folder.endsWith(KEY_MARK)
  const escaped = isKey ? folder.slice(0, -KEY_MARK.length) : folder
  const name = escaped.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return { name, isKey }
}

/** Keeps every character that a file name can hold; only %, control characters, backslash, "." and ".." are escaped. */
function escapeName(name: string): string {
  if (/^\.{0,2}$/.test(name)) return name.replaceAll('.', '%2E')
  return name.replaceAll(
    /[\p{Cc}%\\]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
