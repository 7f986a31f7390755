import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from '../until.ts'
import { MAIN } from './main-program.ts'

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

/** The `tgsession` command as a process of its own, with only the environment that is given. */
export class Cli {
  /** Everything that any process of this rig has printed, but for what a terminal echoed. */
  readonly printed: string[] = []
  /** What stood on terminals. */
  readonly screens: string[] = []
  readonly folder: string
  readonly #children = new Set<ChildProcess>()

  /** `folder` is the working directory. */
  constructor(folder: string) {
    this.folder = folder
  }

  /** NODE_COMPILE_CACHE only makes it start faster. */
  get #environment(): NodeJS.ProcessEnv {
    const { PATH, NODE_COMPILE_CACHE } = process.env
    return { PATH, NODE_COMPILE_CACHE, HOME: this.folder, TERM: 'xterm-256color' }
  }

  start(args: string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.folder,
      env: { ...this.#environment, ...env },
      stdio: 'pipe',
    })
    return this.#keep(child)
  }

  /** The same, started by another program: `["bash", "-c", …]`, which gets the command line as its arguments. */
  async under(
    program: [string, ...string[]],
    args: string[],
    env: Record<string, string>,
  ): Promise<CliResult> {
    const [command, ...first] = program
    const child = spawn(command, [...first, process.execPath, MAIN, ...args], {
      cwd: this.folder,
      env: { ...this.#environment, ...env },
      stdio: 'pipe',
    })
    return await this.finish(this.#keep(child))
  }

  async run(args: string[], env: Record<string, string> = {}, input = ''): Promise<CliResult> {
    const child = this.start(args, env)
    child.stdin?.end(input)
    return await this.finish(child)
  }

  async finish(child: ChildProcess): Promise<CliResult> {
    const texts = [child.stdout, child.stderr].map((stream) => {
      const parts: Buffer[] = []
      stream?.on('data', (part: Buffer) => parts.push(part))
      return () => Buffer.concat(parts).toString()
    })
    await once(child, 'close')
    const [stdout = '', stderr = ''] = texts.map((text) => text())
    this.printed.push(stdout, stderr)
    return { code: child.exitCode, stdout, stderr }
  }

  /** At a real terminal, which `script` of util-linux makes. */
  terminal(args: string[], env: Record<string, string> = {}, size = 'cols 120 rows 40'): Screen {
    const words = [process.execPath, MAIN, ...args].map(
      (word) => `'${word.replaceAll(`'`, String.raw`'\''`)}'`,
    )
    const line = `stty ${size}; exec ${words.join(' ')}`
    const child = spawn('script', ['-qfec', line, '/dev/null'], {
      cwd: this.folder,
      env: { ...this.#environment, SHELL: '/bin/sh', ...env },
      stdio: 'pipe',
    })
    const screen = new Screen(this.#keep(child))
    void screen.ended.then(() => this.screens.push(screen.text))
    return screen
  }

  /** Ends what a failed test has left. */
  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    return child
  }
}

/** A terminal: what stands on it, and hands that type. */
export class Screen {
  readonly ended: Promise<number | null>
  readonly child: ChildProcess
  #text = ''
  #read = 0

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.on('data', (part: Buffer) => (this.#text += part.toString()))
    this.ended = once(child, 'close').then(() => child.exitCode)
  }

  /** With what moves the cursor or colours. */
  get raw(): string {
    return this.#text
  }

  /** Without it. */
  get text(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
  }

  /** Waits until `question` stands there, after the one that was answered before; then types. */
  async answer(question: string, keys: string): Promise<void> {
    const at = await until(() => {
      const found = this.text.indexOf(question, this.#read)
      return found < 0 ? null : { found }
    }, `"${question}" on the screen`).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows:\n${this.text}`, { cause: error })
    })
    this.#read = at.found + question.length
    for (const key of keys) {
      this.child.stdin?.write(key)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** The exit code, and all that stood there. */
  async end(): Promise<{ code: number | null; text: string }> {
    return { code: await this.ended, text: this.text }
  }
}

/** The last line of an output, as the object that the caller expects there. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function lastJson<T = Record<string, unknown>>(stdout: string): T {
  const parsed: T = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  return parsed
}
