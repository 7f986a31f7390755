import { readFileSync } from 'node:fs'
import { LimitError } from '../../../base/errors.ts'

/** Below this Node, a store's client and the command's pipes do not fit in. */
const LEAST_FILES = 64
const SHELLS = /^(?:ba|da|a|z)?sh$/

/**
 * @throws `LimitError` (`run.too_few_files`, 71) where this process may open so few files that it would fail in the
 * middle of something. Linux only.
 */
export function requireOpenFiles(): void {
  const limit = /^Max open files +(\d+)/m.exec(read('/proc/self/limits'))?.[1]
  if (limit === undefined || Number(limit) >= LEAST_FILES) return
  throw new LimitError(
    'run.too_few_files',
    `this process may open ${limit} files at a time; ${LEAST_FILES} are needed`,
    { hint: 'Raise the limit: `ulimit -n 1024`, or `--ulimit nofile=1024` of docker.' },
  )
}

/**
 * Whether npm (or npx) started this process, itself or by a shell. npm dies within milliseconds of SIGTERM, and a host
 * whose first process has ended kills the rest. Linux only.
 */
export function isChildOfNpm(): boolean {
  let pid = process.ppid
  for (let generation = 0; generation < 3 && pid > 0; generation++) {
    // npm sets its title, so that its arguments read as "npm exec tgsession run".
    const title = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    if (/^(?:npm|npx)\b|\/(?:npm|npx)(?:-cli\.js)? /.test(title)) return true
    if (!SHELLS.test(read(`/proc/${pid}/comm`).trim())) return false
    pid = Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1])
  }
  return false
}

/** Empty where there is no such file. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
