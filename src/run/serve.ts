import { unlessAborted } from '../clock.ts'
import { ConflictError, LeaseError, UnreachableError } from '../errors.ts'
import type { Revision } from '../replica/head.ts'
import type { Lease } from '../replica/lease.ts'
import type { KeptSession, OnProgress, Restored } from '../replica/kept-session.ts'
import { release } from '../replica/release.ts'
import { type Budget, COMMAND_SHARE } from './budget.ts'
import { captureFinal, captureLive, fileMark } from './capture.ts'
import { Command } from './command.ts'
import { handOver } from './hand-over.ts'
import { describeError } from './report.ts'
import { type RunOptions, showNothing, stopOf } from './run-options.ts'
import { Saver, type SaverEnd } from './saver.ts'
import { reached } from './step.ts'

export interface Served {
  why: 'exited' | 'stopped' | 'dead' | SaverEnd
  exitCode: number
  /** The session in the placed file is ours to save. */
  mayStay: boolean
  /** What the session was last saved as. */
  base?: Revision
}

/** The exit code where the last save did not reach the store. */
export const SAVE_FAILED = 79
/** A command that fails within this time of its start may have been refused by Telegram. */
const AT_ONCE_MS = 60_000

export interface Serving {
  replica: KeptSession
  lease: Lease
  /** What was read before the lease was taken. */
  ahead: (onProgress: OnProgress) => Promise<Restored | null>
  /** Where the session is placed. */
  file: string
  budget: Budget
}

/** One time with the lease: restore, start the command, save what it changes, until it has ended. */
export async function serve(turn: Serving, options: RunOptions): Promise<Served> {
  const { replica, lease, file, budget } = turn
  const { report, asString, clock } = options
  const restored = await restore(turn, options)
  if (!restored) return ending(options)
  const { revision, bytes } = restored
  const size = bytes.length
  // Another may have found that out while we waited.
  if (revision.dead !== null) return { why: 'dead', mayStay: false, exitCode: 0 }
  reached('session.fetched')
  const session = await handOver(bytes, file, options)
  // It lies in its place now: a wrapper that runs for months need not keep it, too.
  if (!asString) release(bytes)
  reached('session.placed')
  report('session.restored', {
    revision: revision.revision,
    bytes: size,
    key: revision.keyFingerprint,
  })
  if (asString) report('session.string', { variable: asString.variable, saved: false })

  const source = asString
    ? { mark: () => Promise.resolve(''), capture: () => Promise.resolve(bytes) }
    : { mark: () => fileMark(file), capture: () => captureLive(file) }
  const saver = new Saver({ ...options, replica, lease, base: revision, source, signal: budget.save })
  const startedAt = clock.now()
  const command = new Command({ ...options, session, passEnv: options.passEnv ?? false })
  reached('command.started')
  report('command.started', { pid: command.pid ?? 0 })

  const ended = await untilEnd(command, lease, saver, options)
  reached('command.ended')
  report('command.ended', { because: ended.why, exitCode: ended.exitCode })
  if (!ended.mayStay) return { ...ended, base: saver.base }
  const saved = asString ? {} : await lastSave(saver, () => captureFinal(file), options)
  const failed = ended.why === 'exited' && ended.exitCode !== 0 && saved.exitCode === undefined
  if (failed && clock.now() - startedAt < AT_ONCE_MS && (await isDead(replica, lease, revision, options)))
    return { ...ended, why: 'dead' }
  return { ...ended, ...saved }
}

/** Asks Telegram, once, and remembers a no in the head: a dead key is never connected again. */
async function isDead(
  replica: KeptSession,
  lease: Lease,
  revision: Revision,
  { api, stop, report }: RunOptions,
): Promise<boolean> {
  const signal = AbortSignal.any([stop, lease.signal])
  if (signal.aborted) return false
  if (!api) {
    report('key.not_asked', {
      message: 'without TELEGRAM_API_ID and _HASH Telegram cannot be asked for the key',
    })
    return false
  }
  // GramJS takes 0.3 s and 40 MB, and is not needed for anything else here.
  const { askTelegram } = await import('./ask-telegram.ts')
  const current = await replica.restore({ signal, lease }).catch((error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error
    return report('session.unreachable', describeError(error))
  })
  // Replaced meanwhile, or out of reach: for the next turn to see.
  if (current?.revision.keyFingerprint !== revision.keyFingerprint) return false
  const answer = await askTelegram(current.bytes, api, signal)
  report('key.asked', { state: answer.state, reason: 'reason' in answer ? answer.reason : '' })
  if (answer.state !== 'dead') return false
  await replica.markDead(lease, revision, answer.why)
  return true
}

/** Null when the stop or the loss of the lease came first. */
async function restore({ replica, lease, ahead }: Serving, options: RunOptions): Promise<Restored | null> {
  const { stop, clock, report, showProgress = showNothing } = options
  const signal = AbortSignal.any([stop, lease.signal])
  const what = 'Fetching the session'
  try {
    const read = await showProgress(what, (onProgress) => unlessAborted(ahead(onProgress), signal))
    // The newest head that this process knows is at least the one with which the lease was taken.
    const current = replica.lastSeen?.current
    if (read && current?.key === read.revision.key) return { revision: current, bytes: read.bytes }
    for (let told: string | undefined; ;) {
      try {
        return await showProgress(what, (onProgress) => replica.restore({ signal, lease, onProgress }))
      } catch (error) {
        if (!(error instanceof UnreachableError) || signal.aborted) throw error
        if (told !== error.message) report('session.unreachable', describeError(error))
        told = error.message
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
  const exitCode = await command.stop(options.shutdownMs * COMMAND_SHARE)
  return { why, mayStay: why === 'stopped', exitCode }
}

/** The exit code that a failed last save wins with; none after a good one. */
async function lastSave(
  saver: Saver,
  capture: () => Promise<Uint8Array>,
  { report, showProgress = showNothing }: RunOptions,
): Promise<{ exitCode?: number }> {
  try {
    await showProgress('Saving the session', (onProgress) => saver.save(capture, onProgress))
    return {}
  } catch (error) {
    report('save.failed', describeError(error))
    if (error instanceof ConflictError) return {}
    return { exitCode: error instanceof LeaseError ? error.exitCode : SAVE_FAILED }
  }
}

function ending(options: RunOptions): Served {
  const why = options.stop.aborted ? 'stopped' : 'lost'
  return { why, mayStay: false, exitCode: why === 'stopped' ? stopOf(options).exitCode : 0 }
}

async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
