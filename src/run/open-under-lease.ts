import { openReplica } from '../config/open-replica.ts'
import { type Environment, readSettings } from '../config/settings.ts'
import { NoSessionError } from '../errors.ts'
import type { Head } from '../replica/head.ts'
import type { Replica } from '../replica/replica.ts'
import type { AnyClient } from '../telegram/internals.ts'
import { servable } from './await-session.ts'
import { letGo } from './let-go.ts'
import {
  type LiveSession,
  OpenedSession,
  type OpenSessionOptions,
  type SessionLibrary,
} from './opened-session.ts'

/** See `openSession`. */
export async function openSessionOf<Session extends LiveSession, Client extends AnyClient>(
  library: SessionLibrary<Session, Client>,
  source: Environment | Replica,
  options: OpenSessionOptions,
): Promise<OpenedSession<Session, Client>> {
  if (isReplica(source)) return await openUnderLease(library, source, options)
  const settings = await readSettings(source, { store: true })
  const replica = await openReplica(settings)
  const closeStore = (): Promise<void> => replica.store.close()
  const times = { shutdownMs: settings.shutdownMs, quietMs: settings.saveAfterMs }
  try {
    return await openUnderLease(library, replica, { ...times, ...options }, closeStore)
  } catch (error) {
    await closeStore()
    throw error
  }
}

async function openUnderLease<Session extends LiveSession, Client extends AnyClient>(
  library: SessionLibrary<Session, Client>,
  replica: Replica,
  options: OpenSessionOptions,
  onClosed?: () => Promise<void>,
): Promise<OpenedSession<Session, Client>> {
  const report = options.report ?? (() => undefined)
  requireServable(await replica.status({ signal: options.signal }), replica.name)
  const lease = await replica.lease({
    signal: options.signal,
    onWaiting: ({ label, since }) => report('lease.waiting', { holder: label, since }),
  })
  try {
    const { revision, bytes } = await replica.restore({ signal: lease.signal, lease })
    // Telegram may have killed it while we waited.
    requireServable({ current: revision }, replica.name)
    const session = await library.fromBytes(bytes)
    report('session.restored', {
      revision: revision.revision,
      bytes: bytes.length,
      key: revision.keyFingerprint,
    })
    return new OpenedSession(library, replica, lease, revision, session, report, { ...options, onClosed })
  } catch (error) {
    await letGo(lease, report)
    throw error
  }
}

function requireServable(head: Pick<Head, 'current'>, name: string): void {
  const found = servable(head, name)
  if (found instanceof NoSessionError) throw found
}

function isReplica(source: Environment | Replica): source is Replica {
  return 'lease' in source && typeof source.lease === 'function'
}
