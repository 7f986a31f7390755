import { readFileSync } from 'node:fs'

/**
 * Whether this process is part of the job in the foreground of a terminal. A Ctrl-C there reaches every process of it,
 * also where our own input is a pipe, as under `heroku local`. What tells is Linux' proc_pid_stat(5): pgrp, tty_nr and
 * tpgid; elsewhere a terminal as our own input.
 */
export function isForegroundJob(): boolean {
  if (process.stdin.isTTY) return true
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const [group, terminal, foreground] = [fields[2], fields[4], fields[5]]
    return terminal !== '0' && group === foreground
  } catch {
    return false
  }
}
