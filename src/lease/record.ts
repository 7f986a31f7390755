/** The instance that may use the session now. */
export type Holder = {
  /** Of this lease. */
  id: string
  /** How people recognise the instance: `worker.1`, a host name. */
  label: string
  /** When it took the lease (ISO 8601, UTC), by its own clock. */
  since: string
  /** Grows with every renewal. */
  beat: number
  /** Milliseconds for which `beat` must stay unchanged before another may take over. */
  ttlMs: number
}

/** `generation` grows with every change of holder and never goes back: the fencing token. */
export interface LeaseRecord {
  generation: number
  holder: Holder | null
}

export interface LeaseChange {
  /** The record after the change; throws LeaseError where the precondition does not hold. */
  apply(record: LeaseRecord): LeaseRecord
  landed(record: LeaseRecord): boolean
}

export interface PortOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds for which an unreachable store is tried again before that is thrown. */
  patienceMs: number
}

/** Where the record lies: a head in an object store, or a row of a table. */
export interface LeasePort {
  read(options: PortOptions): Promise<LeaseRecord>
  change(change: LeaseChange, options: PortOptions): Promise<LeaseRecord>
  /** When a renewal that is due at `dueAt` is sent, so that several leases go together: then, or a little sooner. */
  renewAt?(dueAt: number, everyMs: number): number
}

/** Equal as long as nothing was renewed, taken or released. */
export function checkpointOf({ generation, holder }: LeaseRecord): string {
  return holder ? `${generation} ${holder.id} ${holder.beat}` : `${generation} free`
}
