import { readdirSync, readFileSync } from 'node:fs'

/** By what the processes of a command are known: see `newTag`, and the variable TGSESSION_RUN of their environment. */
export interface Mark {
  tag: string
  marker: string
}

/**
 * The ids of all processes that a command has started, also of what outlived its parent (`npm start` dies at once on
 * SIGTERM and leaves the bot running). Linux only; elsewhere empty.
 */
export function survivors({ tag, marker }: Mark): number[] {
  if (process.platform !== 'linux') return []
  const limit = new RegExp(`^Max file locks +${tag} `, 'm')
  const variable = `TGSESSION_RUN=${marker}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => limit.test(read(pid, 'limits')) || read(pid, 'environ').includes(variable))
    .filter((pid) => !isZombie(pid))
    .map(Number)
}

/** Empty for one that is gone by now, or that is another user's. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

/** It has ended, and only its parent has not asked how. */
function isZombie(pid: string): boolean {
  const state = read(pid, 'stat').split(') ').at(-1)?.[0]
  return state === undefined || state === 'Z' || state === 'X'
}
