import type { LeasePort } from '../lease/record.ts'
import type { HeadFile } from './head-file.ts'

/** The lease as it lies in a head: everything else in there stays as it is. */
export function headLease(head: HeadFile): LeasePort {
  return {
    read: (options) => head.read(options),
    change: (change, options) =>
      head.change(
        { apply: (old) => ({ ...old, ...change.apply(old) }), landed: (now) => change.landed(now) },
        options,
      ),
  }
}
