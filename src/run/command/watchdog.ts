import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

const SHELL = '/bin/sh'

/**
 * A shell that waits for the end of this process, seen as the end of its input, and then kills whatever carries the
 * marker in its environment, until three looks have found nothing: a program that is just being started is not seen.
 * A line of input sends it home. It ignores what hosts send to every process. Of a session of its own, so that a kill of
 * our process group spares it.
 */
const SCRIPT = `
trap '' TERM INT HUP
read -r _ && exit 0
empty=0
while [ "$empty" -lt 3 ]; do
  empty=$((empty + 1))
  for found in $(grep -ls "TGSESSION_RUN=$1" /proc/[0-9]*/environ); do
    process=\${found#/proc/}
    kill -9 "\${process%/environ}" && empty=0
  done
  sleep 0.05
done
`

export function hasWatchdog(): boolean {
  return process.platform === 'linux' && existsSync(SHELL)
}

/**
 * A killed wrapper must not leave a program that uses the session without a lease. The kernel kills the command with
 * us (`setpriv --pdeathsig`), but not what the command has started: `npm start` leaves its bot behind. Linux only, and only
 * where there is a shell. Returns what sends the watchdog home.
 */
export function watchOver(marker: string): () => void {
  if (!hasWatchdog()) return () => undefined
  const watchdog = spawn(SHELL, ['-c', SCRIPT, 'tgsession-watchdog', marker], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  })
  watchdog.on('error', () => undefined)
  watchdog.stdin.on('error', () => undefined)
  watchdog.unref()
  // It holds no process alive, neither ours by its pipe.
  if ('unref' in watchdog.stdin && typeof watchdog.stdin.unref === 'function') watchdog.stdin.unref()
  return () => void watchdog.stdin.end('\n')
}
