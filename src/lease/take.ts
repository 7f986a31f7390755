import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { LeaseError } from '../base/errors.ts'
import { Lease } from './lease.ts'
import { type Holder, type LeasePort, type LeaseRecord, checkpointOf } from './record.ts'
import { pollDelayMs } from './poll.ts'
import { SeenRecord } from './seen-record.ts'

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
  /** What this process has seen of this record before; nothing unless given. */
  seen?: SeenRecord | undefined
  /** Return false to stop waiting (there is nothing left to serve); then LeaseError `lease.not_wanted`. */
  stillWanted?: ((record: LeaseRecord) => boolean) | undefined
}

/**
 * Waits for the lease and takes it. Another's lease is taken only after its record stood still for its whole
 * `ttlMs` between the end of one read and the beginning of another, both on this process's monotonic clock: the
 * holder counts from the moment it *sent* its last renewal, so it has stopped by then, whatever any wall clock says.
 * A record older than one already seen counts as that of a living holder just seen, also if it names none.
 */
export async function takeLease(port: LeasePort, options: LeaseOptions): Promise<Lease> {
  const { clock, signal, seen = new SeenRecord() } = options
  const began = clock.now()
  let waited: { checkpoint: string; since: number; ttlMs: number; holderId: string | undefined } | undefined
  for (;;) {
    const asked = clock.now()
    const record = await port.read({ signal, patienceMs: Infinity })
    if (options.stillWanted?.(record) === false)
      throw new LeaseError('lease.not_wanted', 'the wait for the lease was ended', {
        hint: 'This is no failure.',
      })
    const holder = record.holder
    const checkpoint = checkpointOf(record)
    const isOlder = seen.isOlder(record)
    if ((holder || isOlder) && waited?.checkpoint !== checkpoint) {
      if (holder && waited?.holderId !== holder.id) options.onWaiting?.(holder)
      const ttlMs = Math.max(holder?.ttlMs ?? 0, isOlder ? Math.max(seen.ttlMs, options.ttlMs) : 0)
      waited = { checkpoint, since: clock.now(), ttlMs, holderId: holder?.id }
    }
    seen.see(record)
    const stoodStill = waited?.checkpoint === checkpoint && asked - waited.since >= waited.ttlMs
    if (stoodStill || !(holder || isOlder)) {
      const lease = await tryTake(port, { ...options, seen }, checkpoint)
      if (lease) return lease
      continue
    }
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/** Null when another was faster: the record is no longer the one that `checkpoint` describes. */
async function tryTake(
  port: LeasePort,
  options: LeaseOptions & { seen: SeenRecord },
  checkpoint: string,
): Promise<Lease | null> {
  const { clock, label, ttlMs, signal, seen } = options
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
          if ((record.holder || seen.isOlder(record)) && checkpointOf(record) !== checkpoint) throw outrun
          sentAt ??= clock.now()
          const since = new Date(clock.wall()).toISOString()
          // Above every one that was ever seen: a generation is never given twice.
          const generation = Math.max(record.generation, seen.generation) + 1
          return { generation, holder: { id, label, since, beat: 0, ttlMs } }
        },
        landed: (record) => record.holder?.id === id,
      },
      { signal, patienceMs: Infinity },
    )
    const { generation, holder } = taken
    seen.see({ generation, holder })
    return new Lease(port, options, id, generation, sentAt ?? clock.now())
  } catch (error) {
    if (error === outrun) return null
    throw error
  }
}
