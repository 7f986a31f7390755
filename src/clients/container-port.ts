import { unlessAborted } from '../base/clock.ts'
import type { HeldSession } from '../container/held-session.ts'
import type { Held } from './save-port.ts'

/** A session of a container, whose queue writes by itself. */
export function heldInContainer<Session>(held: HeldSession, session: Session): Held<Session> {
  const { id, lease, session: queued } = held
  return {
    id,
    session,
    lease,
    savePort: ({ signal }) => ({
      watch: (until) => unlessAborted(new Promise<never>(() => undefined), until),
      saveLast: () => unlessAborted(queued.close(), signal),
      markDead: (reason) => held.markDead(reason),
      close: async () => held.drop(),
    }),
  }
}
