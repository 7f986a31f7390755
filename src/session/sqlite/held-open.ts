import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'

/**
 * Another process that has the file open for writing, as Linux tells of the processes of one's own user; undefined where
 * there is none, and on every other system. Whoever only reads keeps the file that he opened.
 */
export function writerOf(file: string): number | undefined {
  const real = realpath(file)
  if (process.platform !== 'linux' || real === undefined) return undefined
  return list('/proc')
    .map(Number)
    .find((pid) => pid > 0 && pid !== process.pid && writes(pid, real))
}

function writes(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`
  return list(folder).some((name) => {
    try {
      return readlinkSync(`${folder}/${name}`) === file && (lstatSync(`${folder}/${name}`).mode & 0o200) !== 0
    } catch {
      // Closed meanwhile.
      return false
    }
  })
}

/** Nothing for a process that has ended, or is another user's. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function realpath(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}
