// `tgsession run` with its lease switched off, to show that the judge of the chaos run does catch what that does. The
// lease is of this process alone: nobody else is seen, nobody waited for. No setting of tgsession can do this.
import { systemClock } from '../../../src/base/clock.ts'
import { eventLog } from '../../../src/cli/terminal/log.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { openReplica } from '../../../src/config/open-replica.ts'
import type { LeaseRecord } from '../../../src/lease/record.ts'
import { takeLease } from '../../../src/lease/take.ts'
import { run, Stop } from '../../../src/run/command/run.ts'

const settings = await readSettings(process.env, { store: true })
const replica = await openReplica(settings)
replica.lease = async (options) => {
  let own: LeaseRecord = { generation: 0, holder: null }
  const port = {
    read: async () => own,
    change: async ({ apply }: { apply: (record: LeaseRecord) => LeaseRecord }) => (own = apply(own)),
  }
  const { label, leaseTtlMs: ttlMs } = settings
  return await takeLease(port, { label, clock: systemClock, ttlMs, signal: options?.signal })
}
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort(new Stop('SIGTERM')))
process.exitCode = await run(replica, {
  argv: process.argv.slice(2),
  env: process.env,
  stop: stop.signal,
  forwards: () => false,
  shutdownMs: settings.shutdownMs,
  report: eventLog(process.stderr, {}),
  clock: systemClock,
})
