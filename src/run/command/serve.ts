import { ConflictError, LeaseError, NoSessionError } from '../../base/errors.ts'
import type { Revision } from '../../replica/head.ts'
import type { Replica } from '../../replica/replica.ts'
import type { Lease } from '../../lease/lease.ts'
import { release } from '../../seal/free.ts'
import { type Budget, COMMAND_SHARE } from '../../base/life/budget.ts'
import { Command } from './process/command.ts'
import { isDead } from './dead-key.ts'
import type { SessionFolder } from './file/session-folder.ts'
import { stageSession } from './file/stage.ts'
import type { AccountSources } from '../account.ts'
import { asFamily } from '../as-family.ts'
import { describeError } from '../../base/life/report.ts'
import { awaitFormerInstance } from '../import-session.ts'
import { type Prefetched, restore } from './restore.ts'
import { type RunOptions, showNothing, stopOf } from '../run-options.ts'
import { Saver, type SaverEnd } from '../saver.ts'
import { reached } from '../../base/life/step.ts'

export interface Served {
  why: 'exited' | 'stopped' | 'dead' | 'gone' | SaverEnd
  exitCode: number
  /** What the session was last saved as. */
  base?: Revision
}

/** The exit code where the last save did not reach the store. */
export const SAVE_FAILED = 79
/** A command that fails within this time of its start may have been refused by Telegram. */
const AT_ONCE_MS = 60_000

/** A client that connects leaves something in its file. */
const UNUSED = {
  message: 'the command has failed, and has changed nothing in its session',
  hint: 'Does it open the file that TGSESSION_FILE names? One that reads a string gets it by --session-env (docs/bots).',
}

export interface Serving {
  replica: Replica
  lease: Lease
  prefetched: Prefetched
  /** Where the session is placed. */
  folder: SessionFolder
  budget: Budget
}

/** One time with the lease: restore, place, start the command, save what it changes, until it has ended; the last save. */
export async function serve(acquired: Serving, options: RunOptions): Promise<Served> {
  const { replica, lease, folder, budget } = acquired
  const { report, clock, passEnv = false } = options
  if (!(await formerIsGone(acquired, options))) return neverStarted(options)
  const restored = await restore(replica, acquired, options).catch((error: unknown) => {
    // Deleted since it was seen: it is waited for again.
    if (error instanceof NoSessionError) return 'gone' as const
    throw error
  })
  if (restored === 'gone') return { why: restored, exitCode: 0 }
  if (!restored) return neverStarted(options)
  reached('session.fetched')
  // Another may have found that out while we waited.
  if (restored.revision.dead !== null) return { why: 'dead', exitCode: 0 }
  const askAccount = accountAsker(lease, options)
  const { revision, bytes } = await asFamily(restored, { ...options, replica, lease, askAccount })
  const size = bytes.length

  await folder.clear({ replica, lease, current: revision, clock, report })
  const { variables, source, final } = await stageSession(bytes, folder, options, askAccount)
  // It lies in its place now: a wrapper that runs for months need not keep it, too.
  if (final) release(bytes)
  reached('session.placed')
  report('session.restored', { revision: revision.revision, bytes: size, key: revision.keyFingerprint })

  const saver = new Saver({ ...options, replica, lease, base: revision, source, signal: budget.save })
  await saver.mark()
  const startedAt = clock.now()
  const command = new Command({ ...options, session: variables, passEnv, lease })
  reached('command.started')
  report('command.started', { pid: command.pid ?? 0 })

  const ended = await untilEnd(command, lease, saver, options)
  reached('command.ended')
  report('command.ended', { because: ended.why, exitCode: ended.exitCode })
  // What the command has left is not ours to save where it was replaced, or where the lease is another's.
  if (ended.why !== 'exited' && ended.why !== 'stopped') return { ...ended, base: saver.base }

  const saved = final ? await lastSave(saver, final, options) : {}
  const failed = ended.why === 'exited' && ended.exitCode !== 0 && saved.exitCode === undefined
  if (failed && clock.now() - startedAt < AT_ONCE_MS) {
    if (await isDead(replica, lease, revision, options)) return { ...ended, why: 'dead' }
    if (final && saver.base === revision) report('warning', UNUSED)
  }
  return { ...ended, ...saved }
}

/** False where the stop, or the loss of the lease, came first. */
async function formerIsGone({ replica, lease }: Serving, options: RunOptions): Promise<boolean> {
  const signal = AbortSignal.any([options.stop, lease.signal])
  const waitMs = options.importing?.waitMs ?? 0
  try {
    await awaitFormerInstance(replica, lease, { ...options, signal, waitMs })
    return true
  } catch (error) {
    if (signal.aborted) return false
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
  // Where the lease is over, the watchdog may have ended it, while this process could not: it is served again.
  if (why === 'exited') return { why: lease.remainingMs === 0 ? 'lost' : why, exitCode: await command.ended }
  await saver.settled()
  if (why !== 'stopped') command.signal('SIGTERM')
  else if (options.forwards(stopOf(options).signal)) command.signal(stopOf(options).signal)
  // The lease may run out while the command takes its time.
  void fired(lease.signal).then(() => command.stop(lease.graceMs))
  const graceMs = why === 'lost' ? lease.graceMs : options.shutdownMs * COMMAND_SHARE
  return { why, exitCode: await command.stop(graceMs) }
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

/** Asks Telegram whose session it is, where there is something to ask with. */
function accountAsker(lease: Lease, { api, stop }: RunOptions): AccountSources['askAccount'] {
  if (api === undefined) return undefined
  const signal = AbortSignal.any([stop, lease.signal])
  return async (bytes) => await (await import('./ask-account.ts')).askAccount(bytes, api, signal)
}

function neverStarted(options: RunOptions): Served {
  return options.stop.aborted
    ? { why: 'stopped', exitCode: stopOf(options).exitCode }
    : { why: 'lost', exitCode: 0 }
}

async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
