import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dyno } from '../../../src/cli/demo/dyno.ts'

export const ROOT = path.join(import.meta.dirname, '..', '..', '..')

/** What stands in the Procfile, and nothing else, is what a dyno runs. */
export function procfileLine(root = ROOT): string {
  const line = /^worker: (.+)$/m.exec(readFileSync(path.join(root, 'Procfile'), 'utf8'))?.[1]
  if (line === undefined) throw new Error('the Procfile has no worker')
  return line
}

export interface SimulatedDynoOptions {
  name: string
  /** Made for it, and gone with it: the slug, and its own folder for temporary files. */
  folder: string
  env: Record<string, string | undefined>
  /** Whose slug it is: another checkout's, unless given this one's. */
  root?: string | undefined
  line?: string | undefined
  onLine?: (line: string) => void
}

/**
 * A dyno with a disk of its own: the slug lies there, nothing of it outlasts the dyno. Its first process may be gone
 * while others of it live: a host would end them, this one leaves them alone, which is harder.
 */
export class SimulatedDyno {
  readonly name: string
  readonly lines: string[] = []
  readonly exited: Promise<number>
  exitCode: number | undefined
  readonly #dyno: Dyno
  readonly #folder: string

  private constructor(options: SimulatedDynoOptions) {
    const { name, folder, env, line = procfileLine(), onLine } = options
    this.name = name
    this.#folder = folder
    const show = (text: string): void => {
      this.lines.push(text)
      onLine?.(text)
    }
    this.#dyno = new Dyno(name, line, { ...env, TMPDIR: path.join(folder, 'tmp') }, show, folder)
    this.exited = this.#dyno.exited.then((code) => (this.exitCode = code))
  }

  static async start(options: SimulatedDynoOptions): Promise<SimulatedDyno> {
    await mkdir(path.join(options.folder, 'tmp'), { recursive: true })
    for (const name of ['dist', 'examples', 'node_modules', 'package.json', 'Procfile', 'test'])
      await symlink(path.join(options.root ?? ROOT, name), path.join(options.folder, name))
    return new SimulatedDyno(options)
  }

  get isOver(): boolean {
    return this.exitCode !== undefined
  }

  /** Of its first process. */
  get pid(): number | undefined {
    return this.#dyno.pid
  }

  /** What its `run` last said of its command: the process id. */
  get commandPid(): number | undefined {
    const pid = this.lines.map((line) => /event=command\.started pid=(\d+)/.exec(line)?.[1]).findLast(Boolean)
    return pid === undefined ? undefined : Number(pid)
  }

  /** To every process of the dyno. */
  signal(name: NodeJS.Signals): void {
    this.#dyno.signal(name)
  }

  /** To one of its processes; false if that is gone. */
  signalOne(pid: number | undefined, name: NodeJS.Signals): boolean {
    if (pid === undefined) return false
    try {
      return process.kill(pid, name)
    } catch {
      return false
    }
  }

  killWrapper(): boolean {
    return this.signalOne(this.#dyno.pid, 'SIGKILL')
  }

  killCommand(): boolean {
    return this.signalOne(this.commandPid, 'SIGKILL')
  }

  /** As a host restarts it: SIGTERM to every process, SIGKILL to what is left after the grace. */
  async stop(graceMs: number): Promise<number> {
    this.signal('SIGTERM')
    const grace = new AbortController()
    const kill = sleep(graceMs, undefined, { signal: grace.signal }).then(
      () => this.signal('SIGKILL'),
      () => undefined,
    )
    const code = await this.exited
    grace.abort()
    await kill
    return code
  }

  /** Ends all of it. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    for (const pid of this.#hidden()) this.signalOne(pid, 'SIGKILL')
    await this.#dyno.ended
  }

  /** What has left its process group and works in its folder all the same: a host would end that, too. */
  #hidden(): number[] {
    if (process.platform !== 'linux') return []
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && worksIn(name) === this.#folder)
      .map(Number)
  }

  /** Ends all of it, and its disk with it. */
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function worksIn(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
