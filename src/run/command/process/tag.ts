import { randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

export const SHELL = '/bin/sh'

/** `-w` in dash and busybox, `-x` in bash. Where neither may be set, the marker in the environment has to do. */
const SCRIPT = 'tag=$1; shift; ulimit -S -w "$tag" 2>/dev/null || ulimit -S -x "$tag" 2>/dev/null; exec "$@"'
const LEAST = 2 ** 40
/** `randomInt` draws from at most this many. */
const RANGE = 2 ** 47

/** Whether what a command starts can be found by what the system shows of every process: on Linux with a shell. */
export function canTag(): boolean {
  return process.platform === 'linux' && existsSync(SHELL)
}

/**
 * A number that no other command has. It becomes the soft limit of file locks, which Linux does not enforce, and which
 * every process inherits from the one that started it: with another environment, title or user, in a session of its
 * own, with all descriptors closed.
 */
export function newTag(): string {
  const hard = /^Max file locks +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  if (hard === undefined) return String(LEAST + randomInt(RANGE))
  return String(randomInt(Math.max(1, Math.min(RANGE, Number(hard)))))
}

/** The command line that gives the tag to a command, and then is the command. */
export function tagged(argv: readonly string[], tag: string): string[] {
  return [SHELL, '-c', SCRIPT, 'tgsession-tag', tag, ...argv]
}
