import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { errno } from '../../base/file-errors.ts'
import { folderOfPrefix, readName } from './names.ts'
import { numberOf } from './versions.ts'

/** Walks and clean-ups in the folders of a FileStore; see there for what lies where. */

/** Every key in the folder that a prefix ends in; the caller drops those that do not start with all of it. */
export async function keysBelow(root: string, prefix: string): Promise<string[]> {
  const found: string[] = []
  await collectKeys(folderOfPrefix(root, prefix), prefix.slice(0, prefix.lastIndexOf('/') + 1), found)
  return found
}

async function collectKeys(folder: string, prefix: string, found: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return []
    throw error
  })
  for (const entry of entries) {
    if (!entry.isDirectory()) continue
    const { name, isKey } = readName(entry.name)
    if (isKey) found.push(prefix + name)
    else await collectKeys(path.join(folder, entry.name), `${prefix}${name}/`, found)
  }
}

/** Removes what has lain since before that time (ms): what a process that died left behind. */
export async function sweep(drafts: string, before: number): Promise<void> {
  for (const name of await readdir(drafts)) {
    const leftover = path.join(drafts, name)
    const found = await stat(leftover).catch(unlessMovedOn)
    if (found !== undefined && found.mtimeMs < before) await rm(leftover, { recursive: true, force: true })
  }
}

/** The next writer was faster: it then syncs and tidies. */
export function unlessMovedOn(error: unknown): undefined {
  if (errno(error) !== 'ENOENT') throw error
}

/** What cannot be removed now is swept later; the failure that led here is the one to report. */
export async function discard(draft: string): Promise<void> {
  await rm(draft, { recursive: true, force: true }).catch(() => undefined)
}

/** Bytes of versions that were left behind. Those that count one further may be about to win. */
export async function removeOlder(folder: string, version: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name !== version && numberOf(name) <= numberOf(version))
      await rm(path.join(folder, name), { force: true })
}
