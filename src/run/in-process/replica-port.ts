import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/life/report.ts'
import type { Held } from '../../clients/save-port.ts'
import type { Lease } from '../../lease/lease.ts'
import type { Current } from '../../replica/head.ts'
import type { Replica } from '../../replica/replica.ts'
import type { ClientLibrary } from '../../telegram/client/internals.ts'
import { RefusedError } from '../../base/errors.ts'
import type { ChangeKind } from '../../session/core/session-core.ts'
import { Saver } from '../saver.ts'

/** A session class of ours, for either client library. */
export interface LiveSession {
  toBytes(): Promise<Uint8Array>
  onChange(listener: (kind: ChangeKind) => void): () => void
}

export interface Saving {
  clock: Clock
  quietMs?: number | undefined
  maxMs?: number | undefined
  onClosed: () => Promise<void>
  clientLibrary: () => ClientLibrary
}

/** A session of a replica: saved some time after a change, and at once after one of its auth key. */
export function heldInReplica<Session extends LiveSession>(
  { replica, lease, base, session }: { replica: Replica; lease: Lease; base: Current; session: Session },
  { onClosed, clientLibrary, ...saving }: Saving,
): Held<Session> {
  return {
    id: replica.name,
    session,
    lease,
    fork: async (client, { password = noPassword, deviceModel = 'tgsession (fork)', ...request }) => {
      const { forkByClient } = await import('../../login/fork.ts')
      const attempts = replica.attempt({ replace: true })
      const how = { ...request, deviceModel, attempts, asker: { password } }
      const { user, ...forked } = await forkByClient(client, clientLibrary(), how)
      await attempts.failed('forked')
      return { ...forked, userId: user.id }
    },
    savePort: ({ signal, report, stop }) => {
      let changes = 0
      const source = { checkpoint: async () => String(changes), capture: () => session.toBytes() }
      const saver = new Saver({ ...saving, replica, lease, base, source, report, signal })
      const saveNow = (): void =>
        void saver.save().then(
          ({ outcome }) => outcome === 'quarantined' && stop('its key changed'),
          (error: unknown) => report('save.failed', describeError(error)),
        )
      const unsubscribe = session.onChange((kind) => {
        changes++
        if (kind === 'auth') saveNow()
      })
      return {
        watch: (until) => saver.watch(until),
        saveLast: async () => {
          unsubscribe()
          await saver.save()
        },
        markDead: (reason) => replica.markDead(lease, saver.base, reason),
        close: async () => {
          unsubscribe()
          await onClosed()
        },
      }
    },
  }
}

function noPassword(): Promise<never> {
  return Promise.reject(
    new RefusedError('fork.password_needed', 'the account has a password of two-step verification', {
      hint: 'Give fork() a password function that asks for it. Nothing was left at Telegram.',
    }),
  )
}
