import type { HeldSession } from './held-session.ts'
import type { QueuedSession } from './queued-session.ts'
import { SessionContainer } from './session-container.ts'

/** Sessions for no client library: for whoever hands them on, and needs none. */
export class BareContainer extends SessionContainer<QueuedSession, HeldSession> {
  protected override wrap(queued: QueuedSession): QueuedSession {
    return queued
  }

  protected override opened(held: HeldSession): HeldSession {
    return held
  }
}
