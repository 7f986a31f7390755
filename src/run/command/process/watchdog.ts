import { spawn } from 'node:child_process'
import type { Mark } from './survivors.ts'
import { canTag, SHELL } from './tag.ts'

/** Shares of the lease's TTL, counted from the sending of its last renewal. Our own process stops the command at 0.8. */
const TERM_SHARE = 0.88
const KILL_SHARE = 0.95

/**
 * Two shells. The reader hears from this process after each renewal: in how many milliseconds SIGTERM is due, and in how
 * many SIGKILL; it then replaces the sleeping one. The end of its input is the end of this process: then it kills what is
 * left of the command until three looks have found nothing. `done` sends it home.
 *
 * It ignores what hosts send to every process, and has a session of its own, so that a kill of our process group spares
 * it. What it starts ignores that, too: a nap ends by SIGKILL only. The sleeping one looks for the command's processes
 * before each deadline, so that between a deadline and the signal nothing has to be started, however busy the machine is;
 * once it has begun to end the command it does not let itself be replaced.
 */
const SCRIPT = `
trap '' TERM INT HUP QUIT USR2
tag=$1 marker=$2 sleeper= nap=
sleep 0.01 2>/dev/null || whole=1
now() {
  read -r up _ </proc/uptime
  up=\${up%.*}\${up#*.}
  up=\${up#"\${up%%[!0]*}"}
}
nap_until() {
  now
  rest=$(($1 - up))
  [ "$rest" -gt 0 ] || return 0
  part=0$((rest % 100))
  part=.\${part#"\${part%??}"}
  [ -z "$whole" ] || part=
  sleep "$((rest / 100))$part" &
  nap=$!
  wait "$nap"
}
state() {
  read -r stat <"/proc/$1/stat" || return 1
  set -- \${stat##*) }
  started=\${20}
  case $1 in Z | X) return 1 ;; esac
} 2>/dev/null
look() {
  known=
  for at in $(grep -ls -e "^Max file locks  *$tag " -e "TGSESSION_RUN=$marker" /proc/[0-9]*/limits /proc/[0-9]*/environ); do
    process=\${at#/proc/} process=\${process%/*}
    case " $known" in *" $process:"*) continue ;; esac
    state "$process" && known="$known$process:$started "
  done
}
signal() {
  for process in $known; do
    state "\${process%:*}" && [ "$started" = "\${process#*:}" ] && kill "-$1" "\${process%:*}"
  done
}
killall() {
  empty=0
  while [ "$empty" -lt 3 ]; do
    empty=$((empty + 1))
    look
    [ -z "$known" ] || empty=0
    signal KILL
    sleep "\${whole:-0.05}"
  done
}
await() {
  trap '[ -z "$nap" ] || { kill -KILL "$nap"; wait "$nap"; }; exit' USR1
  nap_until "$(($1 - ($2 - $1) / 2))"
  look
  nap_until "$1"
  trap '' USR1
  signal TERM
  look
  nap_until "$2"
  signal KILL
  killall
}
replace() {
  [ -z "$sleeper" ] || { kill -USR1 "$sleeper"; wait "$sleeper"; }
}
while read -r first second; do
  [ "$first" = done ] || now
  replace
  [ "$first" = done ] && exit 0
  await "$((up + first / 10))" "$((up + second / 10))" &
  sleeper=$!
done
replace
killall
`

/** What this process sends to the watchdog. */
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
      const until = (share: number): number => Math.max(0, Math.floor(leftMs - ttlMs * (1 - share)))
      stdin.write(`${until(TERM_SHARE)} ${until(KILL_SHARE)}\n`)
    },
    dismiss: () => void stdin.end('done\n'),
  }
}
