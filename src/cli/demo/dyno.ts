import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A dyno as Heroku runs one: `bash -c "<the Procfile's line>"` in a session of its own with DYNO set. A stop signals
 * every process in it at once; what is left after the grace is killed.
 */
export class Dyno {
  readonly name: string
  /** All of it is over, also what holds its output open. */
  readonly ended: Promise<number>
  /** Its first process is over: then the host takes the dyno for ended. */
  readonly exited: Promise<number>
  readonly #process: ChildProcess

  constructor(
    name: string,
    line: string,
    env: Record<string, string | undefined>,
    show: (line: string) => void,
    cwd?: string,
  ) {
    this.name = name
    this.#process = spawn('bash', ['-c', line], {
      detached: true,
      cwd,
      env: { ...env, DYNO: name },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      if (stream) createInterface({ input: stream }).on('line', show)
    const once = (event: 'close' | 'exit'): Promise<number> =>
      new Promise((resolve) => {
        this.#process.once(event, (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
      })
    this.ended = once('close')
    this.exited = once('exit')
  }

  /** Of its first process, which is also the number of its process group. */
  get pid(): number | undefined {
    return this.#process.pid
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
