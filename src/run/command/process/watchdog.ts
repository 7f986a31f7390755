import { spawn } from 'node:child_process'
import type { Mark } from './survivors.ts'
import { canTag, SHELL } from './tag.ts'

/** Shares of the lease's TTL, counted from the sending of its last renewal. Our own process stops the command at 0.8. */
const TERM_SHARE = 0.88
const KILL_SHARE = 0.95

/**
 * Two shells. The reader hears from this process after each renewal: in how many seconds SIGTERM is due, and how many
 * more until SIGKILL; it then replaces the sleeping one. The end of its input is the end of this process: then it kills
 * what is left of the command until three looks have found nothing. `done` sends it home.
 *
 * It ignores what hosts send to every process, and has a session of its own, so that a kill of our process group spares
 * it. A sleeping one that has begun to end the command does not let itself be replaced.
 */
const SCRIPT = `
trap '' TERM INT HUP QUIT USR2
tag=$1 marker=$2 sleeper=
sleep 0.01 2>/dev/null || whole=1
signal() {
  found=1
  for at in $(grep -ls -e "^Max file locks  *$tag " -e "TGSESSION_RUN=$marker" /proc/[0-9]*/limits /proc/[0-9]*/environ); do
    process=\${at#/proc/} process=\${process%/*}
    read -r stat <"/proc/$process/stat" || continue
    state=\${stat##*)}
    case $state in ' Z'* | ' X'*) continue ;; esac
    kill "-$1" "$process" && found=0
  done
  return "$found"
}
killall() {
  empty=0
  while [ "$empty" -lt 3 ]; do
    empty=$((empty + 1))
    signal KILL && empty=0
    sleep "\${whole:-0.05}"
  done
}
await() {
  nap=
  trap '[ -z "$nap" ] || { kill "$nap"; wait "$nap"; }; exit' USR1
  sleep "$1" &
  nap=$!
  wait "$nap"
  trap '' USR1
  signal TERM
  sleep "$2"
  killall
}
replace() {
  [ -z "$sleeper" ] || { kill -USR1 "$sleeper"; wait "$sleeper"; }
}
while read -r first second; do
  replace
  [ "$first" = done ] && exit 0
  [ -z "$whole" ] || { first=\${first%.*}; second=\${second%.*}; }
  await "$first" "$second" &
  sleeper=$!
done
replace
killall
`

/** What this process tells the watchdog. */
export interface Watchdog {
  /** The lease lasts for `leftMs` more, of `ttlMs` in all. */
  renewed(leftMs: number, ttlMs: number): void
  /** Nothing of the command is alive. */
  dismiss(): void
}

/**
 * A wrapper that is killed, frozen, stopped in a debugger or spinning must not leave a program that uses the session
 * without a lease. The kernel kills the command with us (`setpriv --pdeathsig`), but not what the command has started:
 * `npm start` leaves its bot behind. Linux only, and only where there is a shell.
 */
export function watchOver({ tag, marker }: Mark): Watchdog {
  if (!canTag()) return { renewed: () => undefined, dismiss: () => undefined }
  const watchdog = spawn(SHELL, ['-c', SCRIPT, 'tgsession-watchdog', tag, marker], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  })
  const { stdin } = watchdog
  watchdog.on('error', () => undefined)
  stdin.on('error', () => undefined)
  watchdog.unref()
  // It keeps no process alive, nor does the pipe to it.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return {
    renewed: (leftMs, ttlMs) => {
      const term = leftMs - ttlMs * (1 - TERM_SHARE)
      const kill = Math.min(ttlMs * (KILL_SHARE - TERM_SHARE), leftMs - ttlMs * (1 - KILL_SHARE))
      stdin.write(`${seconds(term)} ${seconds(kill)}\n`)
    },
    dismiss: () => void stdin.end('done\n'),
  }
}

function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3)
}
