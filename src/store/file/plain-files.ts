import { copyFile, link, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder, syncFolder } from '../../base/durable-files.ts'
import { errno } from '../../base/file-errors.ts'

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']
const NAME_TAKEN = ['EISDIR', 'ERR_FS_EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY']

/** Puts a link to `file` (a copy where there are no links) in the place of `plain`, at one stroke, by way of `draft`. */
export async function showPlain(file: string, plain: string, draft: string): Promise<void> {
  try {
    await makeFolder(path.dirname(plain))
    await link(file, draft).catch(async (error: unknown) => {
      if (!NO_LINKS.includes(errno(error) ?? '')) throw error
      await copyFile(file, draft)
    })
    await rename(draft, plain)
    await syncFolder(path.dirname(plain))
  } finally {
    // rename(2) leaves the first name where both already are links to one file.
    await rm(draft, { force: true })
  }
}

/** A folder stands where the file should, or a file where its folder should: two keys want one name. */
export function isNameTaken(error: unknown): boolean {
  return NAME_TAKEN.includes(errno(error) ?? '')
}
