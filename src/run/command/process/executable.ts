import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/** Where execvp(3) looks without a PATH. */
const DEFAULT_PATH = '/bin:/usr/bin'

/** Null for a program that can be started; else the code of what is in the way: ENOENT, EACCES. */
export function whyNotExecutable(program: string, searchPath = DEFAULT_PATH): string | null {
  const files = program.includes('/')
    ? [program]
    : searchPath.split(path.delimiter).map((folder) => path.join(folder, program))
  const reasons = files.map(whyNot)
  if (reasons.includes(null)) return null
  return reasons.find((reason) => reason !== 'ENOENT') ?? 'ENOENT'
}

function whyNot(file: string): string | null {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile() ? null : 'EACCES'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  }
}
