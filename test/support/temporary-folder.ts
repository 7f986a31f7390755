import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

/** A folder that is removed when this process ends; each test file is a process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-test-'))
  folders.push(folder)
  return folder
}
