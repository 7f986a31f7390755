import type { HeldSession } from './held-session.ts'
import type { QueuedSession } from './queued-session.ts'
import { SessionContainer } from './session-container.ts'

/** Sessions without a client library, for code that only stores them or hands them on. */
export class BareContainer extends SessionContainer<QueuedSession, HeldSession> {
  protected override wrap(queued: QueuedSession): QueuedSession {
    return queued
  }

  protected override opened(held: HeldSession): HeldSession {
    return held
  }
}
