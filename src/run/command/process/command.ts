import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:os'
import path from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { UsageError } from '../../../base/errors.ts'
import { errno } from '../../../base/file-errors.ts'
import type { Lease } from '../../../lease/lease.ts'
import { commandEnvironment } from './environment.ts'
import { whyNotExecutable } from './executable.ts'
import { describeError } from '../../../base/life/report.ts'
import { type Mark, survivors } from './survivors.ts'
import { canTag, newTag, tagged } from './tag.ts'
import { watchOver } from './watchdog.ts'

export interface CommandOptions {
  argv: readonly string[]
  /** How it finds the session: variables of its environment. */
  session: Record<string, string>
  env: Record<string, string | undefined>
  passEnv: boolean
  clock: Clock
  /** What the command may use the session by: when that ends, so does the command, whatever becomes of this process. */
  lease?: Pick<Lease, 'onRenewal' | 'ttlMs'> | undefined
}

/** How often it is looked whether anything is alive: less and less often. */
const LOOK_MS = { first: 30, longest: 500 }
/** A program that starts another while we look may be missing in our list. */
const LOOKS = 2

/** The user's program, and whatever it starts: running until none of it is alive. */
export class Command {
  /** The exit code of the program itself: its own, or 128 + the signal that ended it. */
  readonly ended: Promise<number>
  readonly pid: number | undefined
  readonly #child: ChildProcess
  readonly #mark: Mark
  readonly #clock: Clock
  readonly #dismiss: () => void
  #passedOn: NodeJS.Signals | undefined
  #mustDie = false

  constructor({ argv, session, env, passEnv, clock, lease }: CommandOptions) {
    const [named] = argv
    if (named === undefined) throw noCommand()
    // setpriv reports this only on stderr, with an exit code that the program itself might have.
    const reason = whyNotExecutable(named, env['PATH'])
    if (reason !== null) throw cannotStart(named, reason)
    this.#mark = { tag: canTag() ? newTag() : '', marker: randomUUID() }
    this.#clock = clock
    const [program = named, ...args] = diesWithUs(canTag() ? tagged(argv, this.#mark.tag) : argv)
    const watchdog = watchOver(this.#mark)
    const forget = lease?.onRenewal((leftMs) => watchdog.renewed(leftMs, lease.ttlMs))
    this.#dismiss = () => {
      forget?.()
      watchdog.dismiss()
    }
    this.#child = spawn(program, args, {
      stdio: 'inherit',
      env: commandEnvironment(env, { session, marker: this.#mark.marker, passEnv }),
    })
    this.pid = this.#child.pid
    this.ended = this.#awaitEnd(named)
    this.ended.catch(() => undefined)
  }

  signal(name: NodeJS.Signals): void {
    this.#passedOn = name
    this.#child.kill(name)
  }

  /** Kills what is left after `graceMs`. Resolves when nothing is alive. */
  async stop(graceMs: number): Promise<number> {
    const over = new AbortController()
    const kill = this.#clock.sleep(graceMs, over.signal).then(
      () => this.#killAll(),
      () => undefined,
    )
    try {
      return await this.ended
    } finally {
      over.abort()
      await kill
    }
  }

  #killAll(): void {
    this.#mustDie = true
    this.#child.kill('SIGKILL')
    signalAll(survivors(this.#mark), 'SIGKILL')
  }

  async #awaitEnd(program: string): Promise<number> {
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      this.#child.once('error', (error) => reject(cannotStart(program, describeError(error).code)))
      this.#child.once('exit', (...how) => resolve(how))
    })
    // A shell, and so `npm start`, dies of it without a word to what it has started.
    if (signal !== null && signal === this.#passedOn) signalAll(survivors(this.#mark), signal)
    await this.#untilNothingLives()
    this.#dismiss()
    return status ?? 128 + (signal ? constants.signals[signal] : 0)
  }

  async #untilNothingLives(): Promise<void> {
    let lookMs = LOOK_MS.first
    for (let empty = 0; empty < LOOKS;) {
      const left = survivors(this.#mark)
      if (this.#mustDie) signalAll(left, 'SIGKILL')
      empty = left.length > 0 ? 0 : empty + 1
      if (empty < LOOKS) await this.#clock.sleep(left.length > 0 ? lookMs : LOOK_MS.first)
      lookMs = this.#mustDie ? LOOK_MS.first : Math.min(lookMs * 1.02, LOOK_MS.longest)
    }
  }
}

function signalAll(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch (error) {
      // Gone by now; or another user's, which the host ends. Until then the command has not ended.
      if (!['ESRCH', 'EPERM'].includes(errno(error) ?? '')) throw error
    }
  }
}

/**
 * A killed wrapper must not leave a program that uses the session without a lease. util-linux's setpriv has the
 * kernel kill it with us, at once; the watchdog kills what the program has started, and where there is no setpriv
 * all of it, a moment later.
 */
function diesWithUs(argv: readonly string[]): readonly string[] {
  return hasSetpriv() ? ['setpriv', '--pdeathsig', 'KILL', '--', ...argv] : argv
}

let known: boolean | undefined
function hasSetpriv(): boolean {
  known ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0
  return known
}

/** Whether a kill -9 of this process leaves the command running. */
export function commandOutlivesUs(): boolean {
  return !hasSetpriv() && !canTag()
}

/** The warning for it. */
export const OUTLIVES_US = {
  message: 'neither setpriv nor /bin/sh on Linux here: a kill -9 of tgsession leaves the command running',
}

function noCommand(): UsageError {
  return new UsageError('run.no_command', 'there is no command to run', {
    hint: 'tgsession run -- node bot.js',
  })
}

function cannotStart(program: string, code: string): UsageError {
  return new UsageError('run.cannot_start', `cannot start ${program} (${code})`, {
    hint: `${interpreterOf(program)}Is it installed, in PATH, and executable on this host?`,
  })
}

const INTERPRETERS: Record<string, string> = {
  '.py': 'python3 -u',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.ts': 'node',
}

/** A script that is no program by itself. */
function interpreterOf(program: string): string {
  const interpreter = INTERPRETERS[path.extname(program)]
  return interpreter === undefined ? '' : `Did you mean \`tgsession run -- ${interpreter} ${program}\`? `
}
