import { lstatSync, readdirSync, statSync } from 'node:fs'

/** Which kind of use counts: any, or only writing. */
export interface HeldOpenOptions {
  writing?: boolean
}

/**
 * The id of another process that has one of these files open, as Linux reports the processes that this user may look
 * at; undefined if there is none, and on every other system. Files that are not there are skipped.
 */
export function openedBy(
  files: readonly string[],
  { writing = false }: HeldOpenOptions = {},
): number | undefined {
  if (process.platform !== 'linux') return undefined
  const wanted = new Set(files.map(identity).filter((one) => one !== undefined))
  if (wanted.size === 0) return undefined
  return list('/proc')
    .map(Number)
    .find((pid) => pid > 0 && pid !== process.pid && holds(pid, wanted, writing))
}

function holds(pid: number, wanted: ReadonlySet<string>, writing: boolean): boolean {
  const folder = `/proc/${pid}/fd`
  return list(folder).some((name) => {
    const found = identity(`${folder}/${name}`)
    return found !== undefined && wanted.has(found) && (!writing || mayWrite(`${folder}/${name}`))
  })
}

/** The mode of the link itself is that of the open file description. */
function mayWrite(link: string): boolean {
  try {
    return (lstatSync(link).mode & 0o200) !== 0
  } catch {
    // Closed meanwhile.
    return false
  }
}

/** The same file has the same identity under each of its names, also in another container. */
function identity(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/** Nothing for a process that has ended, or that belongs to another user. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
