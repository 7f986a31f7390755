import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../until.ts'

/** How a host treats an instance, as its documentation or its log says. Times are its own, in milliseconds. */
export interface HostProfile {
  /** What it sends first, and to whom: the first process, or all at once. */
  signal: NodeJS.Signals
  to: 'first' | 'all'
  graceMs: number
  /** The new instance starts: after the old one has ended, beside it at the signal, or before, until a probe answers 200. */
  replaces: 'after' | 'beside' | 'once healthy'
  env: Record<string, string>
}

/** https://devcenter.heroku.com/articles/dyno-shutdown-behavior */
export const HEROKU: HostProfile = {
  signal: 'SIGTERM',
  to: 'all',
  graceMs: 30_000,
  replaces: 'beside',
  env: { DYNO: 'worker.1' },
}

/** One instance on a host: a command line in a session of its own. */
export class Instance {
  readonly lines: string[] = []
  readonly exited: Promise<number>
  readonly #process: ChildProcess
  readonly #profile: HostProfile

  constructor(line: string, env: Record<string, string | undefined>, profile: HostProfile) {
    this.#profile = profile
    this.#process = spawn('bash', ['-c', line], {
      detached: true,
      env: { ...env, ...profile.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      if (stream) createInterface({ input: stream }).on('line', (text) => this.lines.push(text))
    this.exited = new Promise((resolve) => {
      this.#process.once('exit', (code) => resolve(code ?? -1))
    })
  }

  async saw(text: string): Promise<void> {
    await until(() => this.lines.some((line) => line.includes(text)), `${text} in: ${this.lines.join('\n')}`)
  }

  /** Signalled as the host does it; killed where the grace is over. Resolves to the exit code, -1 for a kill. */
  async stop(): Promise<number> {
    const { signal, to, graceMs } = this.#profile
    this.#kill(signal, to)
    const grace = new AbortController()
    const killing = sleep(graceMs, undefined, { signal: grace.signal }).then(
      () => this.#kill('SIGKILL', 'all'),
      () => undefined,
    )
    const code = await this.exited
    grace.abort()
    await killing
    return code
  }

  async end(): Promise<void> {
    this.#kill('SIGKILL', 'all')
    await this.exited
  }

  #kill(signal: NodeJS.Signals, to: 'first' | 'all'): void {
    const { pid, exitCode } = this.#process
    if (pid === undefined || (to === 'first' && exitCode !== null)) return
    try {
      process.kill(to === 'all' ? -pid : pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
