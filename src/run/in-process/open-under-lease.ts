import { systemClock } from '../../base/clock.ts'
import { openReplica } from '../../config/open-replica.ts'
import { lostDisk } from '../../config/lost-disk.ts'
import { type Environment, readSettings } from '../../config/settings.ts'
import { LeaseError, NoSessionError, type TgsessionError } from '../../base/errors.ts'
import type { StatusSnapshot } from '../../http/status-port.ts'
import type { Head } from '../../replica/head.ts'
import type { Replica } from '../../replica/replica.ts'
import type { AnyClient, ClientLibrary } from '../../telegram/client/internals.ts'
import { servable, untilUnderstood } from '../await-session.ts'
import { asFamily } from '../as-family.ts'
import { awaitFormerInstance, type Importing, importSession } from '../import-session.ts'
import { closeOnSignals } from '../../clients/close-on-signals.ts'
import {
  OpenedSession,
  type OpenedSessionOptions,
  type SessionLibrary,
} from '../../clients/opened-session.ts'
import { ANY_MS, checkNumbers } from '../../base/number-option.ts'
import { releaseLease } from '../../lease/release-lease.ts'
import { type HealthParts, tellHealth } from '../health.ts'
import { RunStatus } from '../run-status.ts'
import { recording, type Report, reportTrouble } from '../../base/life/report.ts'
import type { TrackedSession } from '../../telegram/updates/catch-up.ts'
import { heldInReplica, type LiveSession } from './replica-port.ts'
import { reached } from '../../base/life/step.ts'

/** How `openSession` waits and saves. */
export interface OpenSessionOptions extends OpenedSessionOptions {
  /** Gives up waiting for the lease when it fires. */
  signal?: AbortSignal | undefined
  /** Milliseconds without a change before a save. Default: TGSESSION_SAVE_AFTER, or 5000 (30 000 where a save uploads the whole session). */
  quietMs?: number | undefined
  /** Milliseconds for which changes that never pause may keep a save waiting. Default: ten times `quietMs`. */
  maxMs?: number | undefined
  /**
   * Answers `/healthz`, `/readyz` and `/metrics` from now on until the session is closed, also while the lease is waited for:
   * `[HOST:]PORT`, or true for `$PORT` (8080 unless set). As `tgsession run --health` does.
   */
  health?: string | true | undefined
}

export interface OpeningLibrary<Session, Client extends AnyClient> extends SessionLibrary<Session, Client> {
  fromBytes(bytes: Uint8Array): Promise<Session>
  clientLibrary(): ClientLibrary
}

/** See `openSession`. A signal that comes meanwhile gives up, and lets the lease go that may have been taken by then. */
export async function openSessionOf<Session extends LiveSession & TrackedSession, Client extends AnyClient>(
  library: OpeningLibrary<Session, Client>,
  source: Environment | Replica,
  options: OpenSessionOptions,
): Promise<OpenedSession<Session, Client>> {
  const { shutdownMs, quietMs, maxMs } = options
  checkNumbers({ shutdownMs: [shutdownMs, ANY_MS], quietMs: [quietMs, ANY_MS], maxMs: [maxMs, ANY_MS] })
  const given = new AbortController()
  const signal = AbortSignal.any([given.signal, ...(options.signal ? [options.signal] : [])])
  const opening = openFrom(library, source, { ...options, signal })
  if (options.closeOnSignals === false) return await opening
  const close = async (): Promise<void> => {
    given.abort(stopped())
    await opening.then(
      (opened) => opened.close(),
      () => undefined,
    )
  }
  const forget = closeOnSignals({ close }, options.report ?? reportTrouble)
  try {
    return await opening
  } finally {
    forget()
  }
}

async function openFrom<Session extends LiveSession & TrackedSession, Client extends AnyClient>(
  library: OpeningLibrary<Session, Client>,
  source: Environment | Replica,
  options: OpenSessionOptions & { signal: AbortSignal },
): Promise<OpenedSession<Session, Client>> {
  const status = new RunStatus(options.clock ?? systemClock)
  if (isReplica(source)) return await openTelling(library, source, { ...options, status, settings: BARE })
  const settings = await readSettings(source, { store: true })
  const onTrouble = ({ code }: TgsessionError): void => status.noteStoreError(code)
  const replica = await openReplica(settings, { onTrouble })
  const onClosed = (): Promise<void> => replica.store.close()
  const times = { shutdownMs: settings.shutdownMs, quietMs: settings.saveAfterMs }
  const importing = settings.importing && { ...settings.importing, lost: await lostDisk(settings) }
  try {
    const how = { ...times, ...options, importing, status, settings, onClosed }
    return await openTelling(library, replica, how)
  } catch (error) {
    await onClosed()
    throw error
  }
}

/** A replica of your own brings no settings. */
const BARE = { platform: null, port: undefined, webToken: undefined, heartbeat: undefined }

interface Opening extends OpenSessionOptions {
  signal: AbortSignal
  importing?: Importing | undefined
  onClosed?: (() => Promise<void>) | undefined
}

/** Health is told from before the lease is waited for, until the session is closed. */
async function openTelling<Session extends LiveSession & TrackedSession, Client extends AnyClient>(
  library: OpeningLibrary<Session, Client>,
  replica: Replica,
  { status, settings, ...options }: Opening & { status: RunStatus; settings: HealthParts['settings'] },
): Promise<OpenedSession<Session, Client>> {
  const { clock = systemClock, onClosed } = options
  const report = status.following(options.report ?? reportTrouble)
  let opened: OpenedSession<Session, Client> | undefined
  const snapshot = (): StatusSnapshot => {
    const told = status.snapshot(replica.lastSeen?.holder?.beat ?? 0)
    return opened?.signal.aborted ? { ...told, waitingFor: 'the session must not be used any more' } : told
  }
  const labels = { name: replica.name, holder: replica.label }
  const stop = await tellHealth(options.health, { settings, status: { labels, snapshot }, report, clock })
  try {
    opened = await openUnderLease(library, replica, { ...options, report }, async () => {
      await stop()
      await onClosed?.()
    })
    status.noteOpened()
    return opened
  } catch (error) {
    await stop()
    throw error
  }
}

async function openUnderLease<Session extends LiveSession & TrackedSession, Client extends AnyClient>(
  library: OpeningLibrary<Session, Client>,
  replica: Replica,
  options: Opening & { report: Report },
  onClosed: () => Promise<void>,
): Promise<OpenedSession<Session, Client>> {
  const { signal, clock = systemClock, importing } = options
  const report = recording(options.report, replica)
  reached('boot')
  const awaiting = { signal, clock, report, onAwaiting: () => undefined }
  const lease = await untilUnderstood(awaiting, async () => {
    if (importing) await importSession(replica, importing, awaiting)
    requireServable(await replica.status({ signal }), replica.name)
    reached('session.found')
    return await replica.lease({
      signal,
      onWaiting: ({ label, since }) => report('lease.waiting', { holder: label, since }),
    })
  })
  try {
    reached('lease.taken')
    report('lease.taken', { generation: lease.generation })
    const until = AbortSignal.any([lease.signal, signal])
    const waitMs = importing?.waitMs ?? 0
    await awaitFormerInstance(replica, lease, { signal: until, clock, report, waitMs })
    const restored = await replica.restore({ signal: until, lease })
    reached('session.fetched')
    // Telegram may have killed it while we waited.
    requireServable({ current: restored.revision }, replica.name)
    const { revision, bytes } = await asFamily(restored, {
      replica,
      lease,
      report,
      signal: until,
      family: 'telethon',
    })
    const session = await library.fromBytes(bytes)
    until.throwIfAborted()
    report('session.restored', {
      revision: revision.revision,
      bytes: bytes.length,
      key: revision.keyFingerprint,
    })
    const held = heldInReplica(
      { replica, lease, base: revision, session },
      { ...options, clock, onClosed, clientLibrary: () => library.clientLibrary() },
    )
    return new OpenedSession(library, held, { ...options, report })
  } catch (error) {
    await releaseLease(lease, report)
    throw error
  }
}

function stopped(): LeaseError {
  return new LeaseError('session.stopped', 'a signal came while the session was being opened', {
    hint: 'Nothing was used or changed. End the program, or open the session again.',
  })
}

function requireServable(head: Pick<Head, 'current'>, name: string): void {
  const found = servable(head, name)
  if (found instanceof NoSessionError) throw found
}

function isReplica(source: Environment | Replica): source is Replica {
  return 'lease' in source && typeof source.lease === 'function'
}
