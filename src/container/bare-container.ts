import type { QueuedSession } from './queued-session.ts'
import { SessionContainer } from './session-container.ts'

/** Sessions for no client library: for whoever hands them on, and needs none. */
export class BareContainer extends SessionContainer<QueuedSession> {
  protected override wrap(queued: QueuedSession): QueuedSession {
    return queued
  }
}
