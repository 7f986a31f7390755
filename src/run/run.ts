import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../clock.ts'
import { ConflictError, LeaseError, type TgsessionError, UnreachableError } from '../errors.ts'
import type { Revision } from '../replica/head.ts'
import type { Lease } from '../replica/lease.ts'
import type { Replica, Restored } from '../replica/replica.ts'
import { placeFile } from '../session/place-file.ts'
import { awaitSession } from './await-session.ts'
import { captureFinal, captureLive, fileMark } from './capture.ts'
import { Command } from './command.ts'
import { describeError, type Report } from './report.ts'
import { Saver, type SaverEnd } from './saver.ts'

/** Why the command is to end: the host's signal, as the reason of `RunOptions.stop`. */
export class Stop {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    this.signal = signal
  }

  get exitCode(): number {
    return 128 + constants.signals[this.signal]
  }
}

export interface RunOptions {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** Where the session is placed; unless given, a temporary file that is removed after a good last save. */
  file?: string | undefined
  passEnv?: boolean | undefined
  /** Fires with a `Stop` as its reason. */
  stop: AbortSignal
  /** False for a signal that the command gets without us: from the host, or from the terminal. */
  forwards: (signal: NodeJS.Signals) => boolean
  /** Milliseconds between the stop and the host's SIGKILL; the command gets 60 % of them. */
  shutdownMs: number
  /** Give up after waiting this long for a session and the lease; without it `run` waits for ever. */
  maxWaitMs?: number | undefined
  report: Report
  clock: Clock
  /** How soon changes are saved; see Saver. */
  quietMs?: number | undefined
  maxMs?: number | undefined
}

interface Served {
  why: 'exited' | 'stopped' | SaverEnd
  exitCode: number
  /** The session in the placed file is ours to save. */
  mayStay: boolean
  /** What the session was last saved as. */
  base?: Revision
}

const SAVE_FAILED = 79

/**
 * Keeps the session alive around a command: lease, restore, verify, place, start, save on change, stop, last save,
 * release; and again from the start when the session was replaced or the lease was lost. Returns the exit code.
 */
export async function run(replica: Replica, options: RunOptions): Promise<number> {
  const { report } = options
  const folder = options.file ? undefined : await mkdtemp(path.join(tmpdir(), 'tgsession-'))
  const file = options.file ?? path.join(folder ?? '', `${replica.name}.session`)
  let exitCode: number | undefined
  try {
    for (let [lost, avoid] = [undefined as Revision | undefined, undefined as string | undefined]; ;) {
      const lease = await waitForTurn(replica, options, avoid)
      if (lease instanceof Stop) return lease.exitCode
      const served = await servedUnder(lease, report, () => serve(replica, lease, file, options))
      if (served.why === 'exited' || served.why === 'stopped') return (exitCode = served.exitCode)
      report('session.again', { because: served.why })
      const before = lost?.keyFingerprint
      lost = served.why === 'aside' ? served.base : undefined
      avoid = lost && lost.keyFingerprint === before ? lost.key : undefined
    }
  } finally {
    if (folder && exitCode !== SAVE_FAILED) await rm(folder, { recursive: true, force: true })
    else if (folder) report('session.kept', { file })
  }
}

/** The lease, once there is something to serve; or the stop that came first. */
async function waitForTurn(
  replica: Replica,
  options: RunOptions,
  avoid: string | undefined,
): Promise<Lease | Stop> {
  const { stop, clock, report, maxWaitMs } = options
  const patience = new AbortController()
  const signal = AbortSignal.any([stop, patience.signal])
  const over = new AbortController()
  let awaited: TgsessionError | undefined
  const limit =
    maxWaitMs === undefined
      ? undefined
      : clock.sleep(maxWaitMs, over.signal).then(
          () => patience.abort(),
          () => undefined,
        )
  try {
    await awaitSession(replica, { signal, clock, report, avoid, onAwaiting: (error) => (awaited = error) })
    const lease = await replica.lease({
      signal,
      onWaiting: ({ label, since }) => {
        awaited = held(label, since)
        report('lease.waiting', { holder: label, since })
      },
    })
    report('lease.taken', { generation: lease.generation })
    return lease
  } catch (error) {
    if (stop.aborted) return stopOf(options)
    if (patience.signal.aborted) throw awaited ?? noAnswer(replica, maxWaitMs ?? 0)
    throw error
  } finally {
    over.abort()
    await limit
  }
}

async function serve(replica: Replica, lease: Lease, file: string, options: RunOptions): Promise<Served> {
  const { report } = options
  const restored = await restore(replica, lease, options)
  if (!restored) return ending(options)
  const { revision, bytes } = restored
  await placeFile(file, bytes)
  report('session.restored', {
    revision: revision.revision,
    bytes: bytes.length,
    key: revision.keyFingerprint,
  })

  const source = { mark: () => fileMark(file), capture: () => captureLive(file) }
  const saver = new Saver({ ...options, replica, lease, base: revision, source })
  const command = new Command({ ...options, file, passEnv: options.passEnv ?? false })
  report('command.started', { pid: command.pid ?? 0 })

  const ended = await untilEnd(command, lease, saver, options)
  report('command.ended', { because: ended.why, exitCode: ended.exitCode })
  if (!ended.mayStay) return { ...ended, base: saver.base }
  return { ...ended, ...(await lastSave(saver, () => captureFinal(file), report)) }
}

/** Null when the stop or the loss of the lease came first. */
async function restore(replica: Replica, lease: Lease, options: RunOptions): Promise<Restored | null> {
  const { stop, clock, report } = options
  const signal = AbortSignal.any([stop, lease.signal])
  try {
    for (;;) {
      try {
        return await replica.restore({ signal })
      } catch (error) {
        if (!(error instanceof UnreachableError) || signal.aborted) throw error
        report('session.unreachable', describeError(error))
        await clock.sleep(5000, signal)
      }
    }
  } catch (error) {
    if (signal.aborted) return null
    throw error
  }
}

/** What ends the command first decides; when this returns, nothing of the command is alive. */
async function untilEnd(command: Command, lease: Lease, saver: Saver, options: RunOptions): Promise<Served> {
  const watching = new AbortController()
  const why = await Promise.race([
    command.ended.then(() => 'exited' as const),
    fired(options.stop).then(() => 'stopped' as const),
    fired(lease.signal).then(() => 'lost' as const),
    saver.watch(watching.signal),
  ]).finally(() => watching.abort())
  if (why === 'exited') return { why, mayStay: true, exitCode: await command.ended }
  if (why !== 'stopped') command.signal('SIGTERM')
  else if (options.forwards(stopOf(options).signal)) command.signal(stopOf(options).signal)
  // The lease may run out while the command takes its time.
  void fired(lease.signal).then(() => command.stop(lease.graceMs))
  const exitCode = await command.stop(options.shutdownMs * 0.6)
  return { why, mayStay: why === 'stopped', exitCode }
}

/** The exit code that a failed last save wins with; none after a good one. */
async function lastSave(
  saver: Saver,
  capture: () => Promise<Uint8Array>,
  report: Report,
): Promise<{ exitCode?: number }> {
  try {
    await saver.save(capture)
    return {}
  } catch (error) {
    report('save.failed', describeError(error))
    if (error instanceof ConflictError) return {}
    return { exitCode: error instanceof LeaseError ? error.exitCode : SAVE_FAILED }
  }
}

/** Lets the lease go when `use` is over, however it ended. */
async function servedUnder<T>(lease: Lease, report: Report, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await lease.release().then(
      () => report('lease.released', { generation: lease.generation }),
      (error: unknown) => report('lease.release_failed', describeError(error)),
    )
  }
}

function ending(options: RunOptions): Served {
  const why = options.stop.aborted ? 'stopped' : 'lost'
  return { why, mayStay: false, exitCode: why === 'stopped' ? stopOf(options).exitCode : 0 }
}

function stopOf({ stop }: RunOptions): Stop {
  return stop.reason instanceof Stop ? stop.reason : new Stop('SIGTERM')
}

function held(holder: string, since: string): LeaseError {
  return new LeaseError('lease.held', `the session is in use by ${holder} since ${since}`, {
    hint: 'One instance at a time may use it. This one takes over when the other stops.',
  })
}

function noAnswer({ store }: Replica, ms: number): UnreachableError {
  return new UnreachableError('store.no_answer', `${store.label} did not answer in ${ms / 1000} s`, {
    hint: 'The session is not lost. Check the network, and the address in TGSESSION_STORE.',
  })
}

async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
