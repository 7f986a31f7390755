import { readdir } from 'node:fs/promises'
import { fileError } from '../base/file-errors.ts'

/**
 * The names of the `.session` files in a folder, without the extension, in order. What is in them is not looked at.
 * Throws as `readSessionFile` does for a file.
 */
export async function listSessions(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => entry.name.endsWith('.session') && (entry.isFile() || entry.isSymbolicLink()))
      .map((entry) => entry.name.slice(0, -'.session'.length))
      .filter((name) => name !== '')
      .toSorted((a, b) => (a < b ? -1 : 1))
  } catch (error) {
    throw fileError('read', folder, error)
  }
}
