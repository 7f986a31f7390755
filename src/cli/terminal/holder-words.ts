import type { Holder } from '../../lease/record.ts'
import { note } from './output.ts'

/** The holder of a session, in words that follow "in use". */
export function usedBy(holder: Pick<Holder, 'label' | 'since'> | null): string {
  return holder ? `by ${holder.label} since ${holder.since}` : 'by nobody'
}

/** Says that a holder's lease is watched until it either moves or has run out. */
export function tellWatching({ label, ttlMs }: Holder): void {
  note(`Watching ${label} for ${Math.ceil(ttlMs / 1000)} s, to see whether it lives.`)
}
