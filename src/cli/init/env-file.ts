import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { errno, fileError } from '../../base/file-errors.ts'
import { decodeText } from '../../base/input.ts'
import { writeFileAtomic } from '../../base/write-file.ts'

const FILE = '.env'

/** Puts settings at the end of `.env`, mode 0600; what stands there stays. Of two lines with one name the last one counts. */
export async function appendToEnv(settings: Readonly<Record<string, string>>): Promise<void> {
  const before = textOf(FILE)
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  const seam = before === '' || before.endsWith('\n') ? '' : '\n'
  await writeFileAtomic(FILE, Buffer.from(`${before}${seam}${lines.join('')}`))
}

/** Whether git would take `.env` along. */
export function isCommitted(): boolean {
  const inside = spawnSync('git', ['rev-parse', '--is-inside-work-tree'], { encoding: 'utf8' })
  if (inside.status !== 0) return false
  return spawnSync('git', ['check-ignore', '-q', FILE]).status === 1
}

/** One that is no text was refused when it was read for its settings. */
function textOf(file: string): string {
  try {
    return decodeText(readFileSync(file)) ?? ''
  } catch (error) {
    if (errno(error) === 'ENOENT') return ''
    throw fileError('read', file, error)
  }
}
