import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { ANY_MS, checkNumbers, NO_END } from '../../base/number-option.ts'
import { DEFAULT_TIMEOUT_MS } from '../client/call.ts'
import type { MissedUpdates } from './catch-up.ts'

/** What is fetched of missed updates, and how long things may take. */
export interface TrackUpdatesOptions {
  /** Whether what happened while no client ran is fetched and handed to the handlers. Default: false. */
  catchUp?: boolean | undefined
  /** Milliseconds; what is missed for longer is skipped. Default six hours. */
  maxAgeMs?: number | undefined
  /** The most updates of the account that are fetched; if there are more, all are skipped. Default 10 000. */
  limit?: number | undefined
  /** Told of updates that the handlers will not see. */
  onMissed?: ((missed: MissedUpdates) => void) | undefined
  /** Gets errors that nobody awaits. Default: a process warning. */
  onError?: ((error: Error) => void) | undefined
  /** Milliseconds for one request; 30 000 unless given, besides what GramJS itself waits for a flood to pass. */
  timeoutMs?: number | undefined
  /** Milliseconds that a missing update may take to come by itself. Default 500. */
  gapMs?: number | undefined
  /** Milliseconds after which a silent account is asked for. Default 15 minutes, as Telegram recommends. */
  idleMs?: number | undefined
  /** Milliseconds after which a handler that has not finished counts as done. Default one minute. */
  handlerMs?: number | undefined
  /** @internal */
  clock?: Clock | undefined
}

export type TrackSettings = { [Name in keyof TrackUpdatesOptions]-?: NonNullable<TrackUpdatesOptions[Name]> }

const HOUR_MS = 3_600_000

export function trackSettings(options: TrackUpdatesOptions): TrackSettings {
  const { maxAgeMs, limit, timeoutMs, gapMs, idleMs, handlerMs } = options
  checkNumbers({
    maxAgeMs: [maxAgeMs, NO_END],
    limit: [limit, NO_END],
    timeoutMs: [timeoutMs, ANY_MS],
    gapMs: [gapMs, ANY_MS],
    idleMs: [idleMs, ANY_MS],
    handlerMs: [handlerMs, ANY_MS],
  })
  return {
    catchUp: options.catchUp ?? false,
    maxAgeMs: maxAgeMs ?? 6 * HOUR_MS,
    limit: limit ?? 10_000,
    onMissed: options.onMissed ?? (() => undefined),
    onError: options.onError ?? ((error) => process.emitWarning(error)),
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    gapMs: gapMs ?? 500,
    idleMs: idleMs ?? HOUR_MS / 4,
    handlerMs: handlerMs ?? 60_000,
    clock: options.clock ?? systemClock,
  }
}
