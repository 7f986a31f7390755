import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ConfigurationError, safeCause } from '../../base/errors.ts'
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

/** Before anything is asked. @throws ConfigurationError `config.env_file` */
export function requireEnvFile(): void {
  textOf(FILE)
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
    if (errno(error) === 'EISDIR')
      throw new ConfigurationError(
        'config.env_file',
        `${file} is a folder, so no settings can be written there`,
        {
          hint: 'Run this in another folder, or set the variables in the environment. Nothing was written.',
          cause: safeCause(error),
        },
      )
    throw fileError('read', file, error)
  }
}
