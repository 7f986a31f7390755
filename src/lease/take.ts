import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { LeaseError } from '../base/errors.ts'
import { Lease } from './lease.ts'
import { type Holder, type LeasePort, type LeaseRecord, checkpointOf } from './record.ts'
import { pollDelayMs } from './poll.ts'

export interface LeaseOptions {
  /** How people recognise this instance: `worker.1`, a host name. */
  label: string
  clock: Clock
  /** Milliseconds without a renewal after which another may take over. */
  ttlMs: number
  /** Gives up waiting when it fires. */
  signal?: AbortSignal | undefined
  /** Called once per holder that is waited for. */
  onWaiting?: ((holder: Holder) => void) | undefined
  /** Return false to stop waiting (there is nothing left to serve); then LeaseError `lease.not_wanted`. */
  stillWanted?: ((record: LeaseRecord) => boolean) | undefined
}

/**
 * Waits for the lease and takes it. Another's lease is taken only after its record stood still for its whole
 * `ttlMs` between the end of one read and the beginning of another, both on this process's monotonic clock: the
 * holder counts from the moment it *sent* its last renewal, so it has stopped by then, whatever any wall clock says.
 */
export async function takeLease(port: LeasePort, options: LeaseOptions): Promise<Lease> {
  const { clock, signal } = options
  const began = clock.now()
  let seen: { checkpoint: string; since: number; holderId: string } | undefined
  for (;;) {
    const asked = clock.now()
    const record = await port.read({ signal, patienceMs: Infinity })
    if (options.stillWanted?.(record) === false)
      throw new LeaseError('lease.not_wanted', 'the wait for the lease was ended', {
        hint: 'This is no failure.',
      })
    const holder = record.holder
    const checkpoint = checkpointOf(record)
    if (holder && seen?.checkpoint !== checkpoint) {
      if (seen?.holderId !== holder.id) options.onWaiting?.(holder)
      seen = { checkpoint, since: clock.now(), holderId: holder.id }
    }
    const stoodStill = holder && seen && asked - seen.since >= holder.ttlMs
    if (!holder || stoodStill) {
      const lease = await tryTake(port, options, checkpoint)
      if (lease) return lease
      continue
    }
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/** Null when another was faster: the record is no longer the one that `checkpoint` describes. */
async function tryTake(port: LeasePort, options: LeaseOptions, checkpoint: string): Promise<Lease | null> {
  const { clock, label, ttlMs, signal } = options
  const id = randomUUID()
  const outrun = new LeaseError('lease.held', 'another instance took the lease first', {
    hint: 'Wait for it.',
  })
  // Of the first try on: a try whose answer was lost may be the one that landed.
  let sentAt: number | undefined
  try {
    const taken = await port.change(
      {
        apply: (record) => {
          if (record.holder && checkpointOf(record) !== checkpoint) throw outrun
          sentAt ??= clock.now()
          const since = new Date(clock.wall()).toISOString()
          return { generation: record.generation + 1, holder: { id, label, since, beat: 0, ttlMs } }
        },
        landed: (record) => record.holder?.id === id,
      },
      { signal, patienceMs: Infinity },
    )
    return new Lease(port, options, id, taken.generation, sentAt ?? clock.now())
  } catch (error) {
    if (error === outrun) return null
    throw error
  }
}
