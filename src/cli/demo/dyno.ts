import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A dyno as Heroku runs one: `bash -c "<the Procfile's line>"` in a session of its own with DYNO set. A stop signals
 * every process in it at once; what is left after the grace is killed.
 */
export class Dyno {
  readonly name: string
  readonly ended: Promise<number>
  readonly #process: ChildProcess

  constructor(
    name: string,
    line: string,
    env: Record<string, string | undefined>,
    show: (line: string) => void,
  ) {
    this.name = name
    this.#process = spawn('bash', ['-c', line], {
      detached: true,
      env: { ...env, DYNO: name },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      if (stream) createInterface({ input: stream }).on('line', show)
    this.ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
    })
  }

  /** To every process of the dyno, as the host does it. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.#process
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch (error) {
      // Ended already: nothing is there to be signalled.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
