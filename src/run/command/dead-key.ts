import { UnreachableError } from '../../base/errors.ts'
import type { Revision } from '../../replica/head.ts'
import type { Replica } from '../../replica/replica.ts'
import type { Lease } from '../../lease/lease.ts'
import { describeError } from '../../base/life/report.ts'
import type { RunOptions } from '../run-options.ts'

/** The longest wait for what Telegram asks for, before the command's end is reported to the host. */
const LONGEST_WAIT_MS = 5 * 60_000

/** Asks Telegram, once, and remembers a no in the head: a dead key is never connected again. */
export async function isDead(
  replica: Replica,
  lease: Lease,
  revision: Revision,
  { api, stop, report, clock }: RunOptions,
): Promise<boolean> {
  const signal = AbortSignal.any([stop, lease.signal])
  if (signal.aborted) return false
  if (!api) {
    report('key.not_asked', {
      message: 'without TELEGRAM_API_ID and _HASH Telegram cannot be asked for the key',
    })
    return false
  }
  // GramJS takes 0.3 s and 40 MB, and is not needed for anything else here.
  const { askTelegram } = await import('./ask-telegram.ts')
  const current = await replica.restore({ signal, lease }).catch((error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error
    return report('session.unreachable', describeError(error))
  })
  // Replaced meanwhile, or out of reach: for the next one to see.
  if (current?.revision.keyFingerprint !== revision.keyFingerprint) return false
  const answer = await askTelegram(current.bytes, api, signal)
  report('key.asked', {
    // Frozen is not dead: the session is intact, and alerts look at it.
    state: answer.state === 'unknown' && answer.why === 'frozen' ? 'frozen' : answer.state,
    reason: 'reason' in answer ? answer.reason : '',
    ...('seconds' in answer && { seconds: answer.seconds }),
  })
  // A host starts it again at once, and each connection of a flood makes it longer.
  if (answer.state === 'wait')
    await clock.sleep(Math.min(answer.seconds * 1000, LONGEST_WAIT_MS), signal).catch(() => undefined)
  if (answer.state !== 'dead') return false
  await replica.markDead(lease, revision, answer.why)
  return true
}
