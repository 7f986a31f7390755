import { readdirSync, readFileSync } from 'node:fs'

/**
 * Process ids whose environment carries `TGSESSION_RUN=marker`: everything that a command has started, also what
 * outlived its parent (`npm start` dies at once on SIGTERM and leaves the bot running). Linux only; elsewhere empty.
 */
export function survivors(marker: string): number[] {
  if (process.platform !== 'linux') return []
  const needle = `TGSESSION_RUN=${marker}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && carries(pid, needle))
}

function carries(pid: number, needle: string): boolean {
  try {
    // A zombie is over, but still listed: its environment reads as empty.
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(needle)
  } catch {
    // Gone between listing and reading, or another user's and so not ours.
    return false
  }
}
